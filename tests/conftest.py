"""What every test stands on: no test reads or writes what the user's own runs have kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECOLINT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield
