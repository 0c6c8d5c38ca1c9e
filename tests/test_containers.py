"""Command lines that start a container: what is Docker's own, and what the container gets."""

from __future__ import annotations

import pytest

from ecolint.model import Invocation, Source, Wanted
from ecolint.readers import Nowhere
from ecolint.readers.shell import read
from ecolint.recognise import launched
from ecolint.stacks import vocabularies
from ecolint.stacks.spelling import Unreadable
from ecolint.stacks.spelling import read as spelled


def started(script: str) -> Invocation:
    (one,) = read(Source("a.sh", script), Wanted(triggers=("vllm",)), Nowhere()).invocations
    return launched(one, vocabularies())


def words(one: Invocation) -> list[object]:
    return [entry.value[0].data for entry in one.words.entries] if one.words is not None else []


IMAGE = "vllm/vllm-openai:v1"


@pytest.mark.parametrize(
    ("options", "own"),
    [
        ("--rm -it", "--a b"),
        ("-itd -p 80:80 -v a:b --shm-size 1g --ipc=host", "--a b"),
        ("-dp80:80 -u 0 --name x --gpus all --network host", ""),
        ("--privileged --init --pull always --restart unless-stopped --", "--a"),
        ("--ulimit memlock=-1 --ulimit stack=67108864 -w /x --env-file .env", "--a b"),
    ],
)
def test_what_stands_before_the_image_is_dockers(options: str, own: str) -> None:
    for program in ("docker run", "sudo docker container run", "podman run", "nerdctl -n k8s.io run", "docker create"):
        one = started(f"{program} {options} {IMAGE} {own}")
        assert one.image[0].data == IMAGE
        assert words(one) == own.split()


@pytest.mark.parametrize(
    "line",
    [
        f"echo docker run {IMAGE}",
        f"docker pull {IMAGE}",
        f"docker compose run {IMAGE}",
        f"docker exec x run {IMAGE}",
        f"docker rm run {IMAGE}",
    ],
)
def test_other_verbs_start_nothing(line: str) -> None:
    assert not started(line).image


def test_variables_and_the_entry_point() -> None:
    one = started(f"docker run -e A=1 -eB=2 --env C=$X --env=D -e 'E=a b' --entrypoint vllm {IMAGE} serve m")
    assert one.env is not None
    told = {entry.name: (entry.value[0].kind, entry.value[0].data) for entry in one.env.entries}
    assert told == {
        "A": ("known", "1"),
        "B": ("known", "2"),
        "C": ("unknown", None),
        "D": ("unknown", None),
        "E": ("known", "a b"),
    }
    assert words(one) == ["vllm", "serve", "m"]
    assert not one.env.open
    assert started(f"docker run --env-file x {IMAGE}").env.open  # type: ignore[union-attr]


def test_an_image_with_an_unknown_tag_and_options_in_a_variable() -> None:
    assert started('docker run "vllm/vllm-openai:$TAG" --a').image[0].data == "vllm/vllm-openai:?"
    one = started(f"docker run $OPTS {IMAGE} --a")
    assert one.image[0].data == IMAGE
    assert one.env is not None
    assert one.env.open
    assert started("docker run $IMAGE vllm serve m").image[0].kind == "unknown"


@pytest.mark.parametrize(
    ("written", "count"),
    [
        ("2", 2),
        ("device=0", 1),
        ('"device=0,2"', 2),
        ("count=4,capabilities=compute", 4),
        ("device=0,capabilities=x", 1),
    ],
)
def test_how_many_gpus_a_container_is_given(written: str, count: int) -> None:
    assert spelled(written, "gpu_request") == count


@pytest.mark.parametrize("written", ["all", "device=all", "capabilities=utility"])
def test_how_many_all_are_nobody_can_tell(written: str) -> None:
    with pytest.raises(Unreadable):
        spelled(written, "gpu_request")


@pytest.mark.parametrize(("written", "count"), [("gpu:a100:4", 4), ("gpu:2", 2), ("gpu", 1), ("h100:8", 8), ("3", 3)])
def test_how_many_gpus_a_cluster_is_asked_for(written: str, count: int) -> None:
    assert spelled(written, "gres_count") == count
