"""What stands around a call: decorators of functions and classes, and calls on what they decorate."""

from __future__ import annotations

from ecolint.model import Source, Table, Wanted
from ecolint.readers import Nowhere
from ecolint.readers.python import read

WANTED = Wanted(calls=("vllm.LLM",), triggers=("LLM",))
HEAD = "import modal, ray\nfrom ray import serve\nfrom vllm import LLM\napp = modal.App('x')\n"


def around(text: str) -> dict[str, object]:
    """The surroundings of the only call, by path; "?" is unknown."""
    (found,) = read(Source("app.py", HEAD + text), WANTED, Nowhere()).invocations
    entries = found.surroundings.entries if found.surroundings is not None else ()
    values = {entry.name: entry.value[0] for entry in entries}
    return {
        name: "?" if one.kind == "unknown" else one.data.name if isinstance(one.data, Table) else one.data
        for name, one in values.items()
    }


def test_a_decorator_is_named_by_what_its_object_was_made_by() -> None:
    assert around("@app.function(gpu='L4', timeout=60)\ndef f():\n    LLM('m')\n") == {
        "modal.App.function.gpu": "L4",
        "modal.App.function.timeout": 60,
    }


def test_a_method_stands_in_its_class_and_the_nearest_comes_last() -> None:
    text = (
        "@app.cls(gpu='H100')\nclass C:\n    @modal.enter(snap=True)\n    def load(self):\n        self.m = LLM('m')\n"
    )
    assert list(around(text)) == ["modal.App.cls.gpu", "modal.enter.snap"]


def test_dictionaries_and_objects_are_paths() -> None:
    text = "@serve.deployment(ray_actor_options={'num_gpus': 2})\nclass C:\n    def __init__(self):\n        LLM('m')\n"
    assert around(text)["ray.serve.deployment.ray_actor_options.num_gpus"] == 2
    text = "@app.function(gpu=modal.gpu.A100(count=2))\ndef f():\n    LLM('m')\n"
    found = around(text)
    assert found["modal.App.function.gpu"] == "modal.gpu.A100"
    assert found["modal.App.function.gpu.count"] == 2


def test_what_nobody_can_see_is_marked_below_its_path() -> None:
    text = (
        "@serve.deployment(ray_actor_options=options(), **rest)\nclass C:\n    def __init__(self):\n        LLM('m')\n"
    )
    found = around(text)
    assert found["ray.serve.deployment.*"] == "?"
    assert found["ray.serve.deployment.ray_actor_options.*"] == "?"


def test_a_helper_stands_where_it_is_called() -> None:
    helper = "def make():\n    return LLM('m')\n"
    assert around(helper + "@app.function(gpu='L4')\ndef f():\n    make()\n") == {"modal.App.function.gpu": "L4"}
    both = "@app.function(gpu='L4')\ndef f():\n    make()\n@app.function(gpu='T4')\ndef g():\n    make()\n"
    assert around(helper + both) == {"modal.App.function.gpu": "?"}


def test_calls_on_the_decorated_thing_count() -> None:
    text = "class C:\n    def __init__(self):\n        LLM('m')\n"
    assert around(text + "D = ray.remote(num_gpus=2)(C)\n") == {"ray.remote.num_gpus": 2}
    text = "@serve.deployment\n" + text
    assert around(text + "C.options(num_replicas=2).bind()\n") == {"ray.serve.deployment.options.num_replicas": 2}
    twice = "C.options(num_replicas=2)\nC.options(num_replicas=3)\n"
    assert around(text + twice) == {"ray.serve.deployment.options.num_replicas": "?"}


def test_a_call_that_is_given_a_function_stands_around_it() -> None:
    text = "def load():\n    return LLM('m')\n@modal.endpoint(on_start=load, gpu='T4')\ndef handle(context): ...\n"
    assert around(text)["modal.endpoint.gpu"] == "T4"


def test_nothing_stands_around_a_module() -> None:
    assert around("LLM('m')\n") == {}
