"""Which functions answer requests, how they answer them, and which loads happen again for each of them."""

from __future__ import annotations

import pytest

from ecolint.model import Invocation, Source
from ecolint.readers import Nowhere
from ecolint.readers.python import read
from ecolint.stacks import vocabularies
from ecolint.stacks.asking import wanted

HEAD = "from transformers import AutoModelForCausalLM as Auto, pipeline\n"
LOAD = "m = Auto.from_pretrained('x')"


def invocation(text: str) -> Invocation:
    (found,) = read(Source("app.py", HEAD + text), wanted(vocabularies()), Nowhere()).invocations
    return found


ROUTE = "from fastapi import FastAPI\napp = FastAPI()\n@app.post('/x')\n"
GRADIO = "import gradio as gr\n"
COG = "from cog import BasePredictor\nclass P(BasePredictor):\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{ROUTE}def f(q):\n    {LOAD}", True),
        (f"from server import app\n@app.post('/x')\ndef f(q):\n    {LOAD}", True),
        (f"from events import app\n@app.post\ndef f(q):\n    {LOAD}", False),
        (f"{ROUTE}async def f(q):\n    load().generate(q)\ndef load():\n    return Auto.from_pretrained('x')", True),
        (f"{ROUTE}def f(q):\n    Bot().ask(q)\nclass Bot:\n    def __init__(self):\n        self.{LOAD}", True),
        (f"{COG}    def predict(self, q):\n        {LOAD}", True),
        (f"class P:\n    def predict(self, q):\n        {LOAD}", False),
        (f"class Model:\n    def load(self):\n        pass\n    def predict(self, q):\n        {LOAD}", True),
        (f"{GRADIO}def f(q):\n    {LOAD}\ngr.Interface(fn=f)", True),
        (f"def f(q):\n    {LOAD}\nplot.Interface(fn=f)", False),
        (f"import runpod\ndef handler(job):\n    {LOAD}\nrunpod.serverless.start({{'handler': handler}})", True),
        (f"{COG}    def setup(self):\n        self.{LOAD}", False),
        (f"{ROUTE}def g():\n    pass\n@app.on_event('startup')\ndef f():\n    {LOAD}", False),
        (f"{COG}    def predict(self, q):\n        if self.m is None:\n            self.{LOAD}", False),
        (f"{ROUTE}def f(q):\n    m = load()\n@lru_cache\ndef load():\n    return Auto.from_pretrained('x')", False),
        (f"{ROUTE}def f(q):\n    return Auto.from_pretrained(q.model)", False),
        (f"{ROUTE}def f(q):\n    load(q.model)\ndef load(name):\n    return Auto.from_pretrained(name)", False),
        (f"{ROUTE}def load():\n    global m\n    {LOAD}\n    return 'ready'", False),
        (f"{ROUTE}def f(q):\n    global m\n    {LOAD}\n    return m.generate(q)", True),
        (f"import modal\n@app.function()\ndef f(prompt):\n    {LOAD}", True),
        (f"import modal\n@app.function()\ndef price(description: str):\n    {LOAD}\n    m.generate(description)", True),
        (f"import modal\n@app.function()\ndef bench(dataset_name: str):\n    {LOAD}\n    m.generate(x)", False),
        (f"import modal\n@app.function()\ndef download():\n    {LOAD}", False),
        (f"import modal\n@app.function()\ndef evaluate(questions):\n    {LOAD}", False),
        (f"def predict(prompt, run_id, logger):\n    {LOAD}", True),
        (f"def predict_fn(data, model):\n    {LOAD}\ndef model_fn(path):\n    pass", True),
        (f"def predict_fn(data, model):\n    {LOAD}", False),
        (f"def f(q):\n    {LOAD}", False),
    ],
)
def test_loads_in_request_handlers(text: str, expected: bool) -> None:
    assert invocation(text).in_handler is expected


PAGE = "import streamlit as st\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{PAGE}st.title('x')\n{LOAD}", True),
        (f"{PAGE}st.title('x')\ndef load():\n    return Auto.from_pretrained('x')\nm = load()", True),
        (f"{PAGE}def main():\n    st.title('x')\n    {LOAD}\nif __name__ == '__main__':\n    main()", True),
        (
            f"{PAGE}@st.cache_resource\ndef load():\n    return Auto.from_pretrained('x')\nst.title('x')\nm = load()",
            False,
        ),
        (
            f"{PAGE}st.title('x')\ndef load():\n    return Auto.from_pretrained('x')\nm = st.cache_resource(load)()",
            False,
        ),
        (f"{PAGE}st.title('x')\nif 'm' not in st.session_state:\n    st.session_state.{LOAD}", False),
        (
            f"{PAGE}class Bot:\n    def __init__(self):\n        self.{LOAD}\n    def show(self):\n        st.write(1)",
            False,
        ),
        (f"{LOAD}", False),
    ],
)
def test_a_streamlit_page_runs_again_on_every_interaction(text: str, expected: bool) -> None:
    assert invocation(text).in_handler is expected


MODEL = "m = Auto.from_pretrained('x')\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{ROUTE}def f(q):\n    m.generate(q)", "single"),
        (f"{ROUTE}def f(q):\n    answer(q)\ndef answer(q):\n    return m.generate(q)", "single"),
        (f"{ROUTE}def f(q):\n    return render_template('x', a=m.generate(q))", "person"),
        (f"{ROUTE}def f(q):\n    m.generate(q, streamer=TextStreamer(t))", "streamed"),
        (
            f"{ROUTE}def f(q):\n    def out():\n        yield m.generate(q)\n    return StreamingResponse(out())",
            "streamed",
        ),
        (
            f"{ROUTE}def f(q):\n    if q.stream:\n        return StreamingResponse(g(q))\n    return m.generate(q)",
            "single",
        ),
        (f"{ROUTE}def f(q):\n    ids = tok(q.prompts, padding=True)\n    m.generate(**ids)", "several"),
        (f"{ROUTE}def f(q):\n    answer(q.texts)\ndef answer(p):\n    return m.generate(**tok(p))", "several"),
        (f"{ROUTE}def f(p: List[str]):\n    m.generate(**tok(p))", "several"),
        (f"{ROUTE}def f(q):\n    text = '\\n'.join(documents)\n    m.generate(**tok(text))", "single"),
        ("from fastapi import FastAPI\n@app.websocket('/x')\ndef f(q):\n    m.generate(q)", "person"),
        (f"{GRADIO}def f(q):\n    m.generate(q)\nbutton.click(f)", "person"),
        (
            "from ray import serve\n@serve.deployment\nclass P:\n    def __call__(self, q):\n        m.generate(q)",
            "single",
        ),
        (
            "from ray import serve\n@serve.deployment\nclass P:\n    @serve.batch\n"
            "    def run(self, q):\n        m.generate(q)\n    def __call__(self, q):\n        self.run(q)",
            "several",
        ),
        ("import bentoml\nclass P:\n    @bentoml.api\n    def f(self, q):\n        m.generate(q)", "single"),
        (
            "import bentoml\nclass P:\n    @bentoml.api(batchable=True)\n    def f(self, q):\n        m.generate(q)",
            "several",
        ),
        (f"{COG}    def predict(self, q):\n        m.generate(q)", "single"),
        ("import litserve as ls\nclass P(ls.LitAPI):\n    def predict(self, q):\n        m.generate(q)", "single"),
        (
            "import litserve as ls\nclass P(ls.LitAPI):\n    def predict(self, q):\n        m.generate(q)\n"
            "ls.LitServer(P(), max_batch_size=8)",
            "several",
        ),
        (
            "import mlflow\nclass P(mlflow.pyfunc.PythonModel):\n    def predict(self, context, rows):\n"
            "        m.generate(tok(rows['prompt'][0]))",
            "single",
        ),
        (
            "import mlflow\nclass P(mlflow.pyfunc.PythonModel):\n    def predict(self, context, rows):\n"
            "        m.generate(tok(rows['prompt']))",
            "several",
        ),
        ("class P:\n    def predict(self, q):\n        m.generate(q)", ""),
        ("import modal\n@app.function()\ndef f(q):\n    m.generate(q)", ""),
        ("m.generate(q)", ""),
    ],
)
def test_how_requests_are_answered(text: str, expected: str) -> None:
    assert [use.request for use in invocation(MODEL + text).uses] == [expected]


@pytest.mark.parametrize(
    ("made", "taken"),
    [
        ("return m", "model.generate(data)"),
        ("return m, tok", "model, tok = model\n    model.generate(data)"),
        ("return m, tok", "net, tok = model\n    net.generate(data)"),
    ],
)
def test_a_platform_hands_on_what_a_function_returned(made: str, taken: str) -> None:
    text = f"def model_fn(path):\n    {LOAD}\n    {made}\ndef predict_fn(data, model):\n    {taken}\n"
    assert [use.request for use in invocation(text).uses] == ["single"]
