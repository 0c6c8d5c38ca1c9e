"""Lists of words that a container is handed, in one word of a command or in a call: fixes are made in place."""

from __future__ import annotations

import pytest
from test_fixes import fixed

VLLM = "gcloud run deploy x --gpu=1 --gpu-type=nvidia-l4 --image=vllm/vllm-openai:v0.9.1 "
TGI = "gcloud run deploy x --gpu=1 --gpu-type=nvidia-l4 --image=ghcr.io/huggingface/text-generation-inference:2.4.0 "


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (VLLM + "--args=--model=a/b,--enforce-eager --quiet", VLLM + "--args=--model=a/b --quiet"),
        (VLLM + "--args --enforce-eager,--model,a/b", VLLM + "--args --model,a/b"),
        (VLLM + "'--args=--model=a/b,--enforce-eager'", VLLM + "'--args=--model=a/b'"),
        (VLLM + '--args="^;^--model=$M;--enforce-eager"', VLLM + '--args="^;^--model=$M"'),
        (VLLM + "--args '^:^--max-num-seqs:2:--seed:1'", VLLM + "--args '^:^--max-num-seqs:8:--seed:1'"),
        (VLLM + "--args=a/b,--max-num-seqs=1", VLLM + "--args=a/b,--max-num-seqs=8"),
        (VLLM + "--command=vllm --args=serve,a/b,--max-num-seqs=1", None),
        (
            VLLM + "--args=--model=a/b \\\n  --args=--enforce-eager \\\n  --quiet",
            VLLM + "--args=--model=a/b \\\n  --quiet",
        ),
        (TGI + "--set-env-vars=MODEL_ID=a/b,CUDA_GRAPHS=0", TGI + "--set-env-vars=MODEL_ID=a/b"),
        (TGI + '--set-env-vars="^@^CUDA_GRAPHS=0@MODEL_ID=$M"', TGI + '--set-env-vars="^@^MODEL_ID=$M"'),
        (TGI + "--set-env-vars=MODEL_ID=a/b --update-env-vars=CUDA_GRAPHS=0", TGI + "--set-env-vars=MODEL_ID=a/b"),
    ],
)
def test_items_are_rewritten_where_they_stand(before: str, after: str | None) -> None:
    after = before.replace("seqs=1", "seqs=8") if after is None else after
    assert fixed(before, "deploy.sh") == after
    assert fixed(after, "deploy.sh") == after


@pytest.mark.parametrize(
    "script",
    [
        "WORDS=--model=a/b,--enforce-eager\n" + VLLM + '--args="$WORDS"',
        "FLAG=--enforce-eager\n" + VLLM + '--args=--model=a/b,"$FLAG"',
        "WORDS=--seed=1,--quiet\n" + VLLM + '--args="$WORDS,--model=a/b,--enforce-eager"',
        VLLM + "--args=--model=a/b,--enforce\\-eager",
        VLLM + "--args=--model=a/b,'--enforce-eager'",
        VLLM + "--args=--model=a/b -- --enforce-eager",
        TGI + '--set-env-vars=MODEL_ID=a/b,CUDA_GRAPHS=1 --update-env-vars=CUDA_GRAPHS="$ZERO"',
    ],
)
def test_items_that_are_written_otherwise_are_left(script: str) -> None:
    assert fixed(script, "deploy.sh") == script


UPLOAD = """\
from google.cloud import aiplatform
{lead}
def serve(name, more):
    {words}
    {later}
    return aiplatform.Model.upload(
        serving_container_image_uri="us-docker.pkg.dev/vertex-ai/vertex-vision-model-garden-dockers/pytorch-vllm-serve:1",
        serving_container_args={given},
    )
"""


def upload(words: str = "pass", given: str = "words", later: str = "pass", lead: str = "") -> str:
    return UPLOAD.format(words=words, given=given, later=later, lead=lead)


@pytest.mark.parametrize(
    ("parts", "after"),
    [
        (
            {"words": 'words = [f"--model={name}", "--max-num-seqs=2"]'},
            'words = [f"--model={name}", "--max-num-seqs=8"]',
        ),
        ({"given": '["--max-num-seqs", "2", "--seed=1"]'}, '["--max-num-seqs", "8", "--seed=1"]'),
        ({"lead": 'WORDS = ["--max-num-seqs=2"]', "given": "WORDS"}, 'WORDS = ["--max-num-seqs=8"]'),
    ],
)
def test_words_that_a_call_is_handed_are_rewritten_in_their_list(parts: dict[str, str], after: str) -> None:
    before = upload(**parts)
    assert fixed(before, "serve.py") == before.replace(next(v for v in parts.values() if "seqs" in v), after)


@pytest.mark.parametrize(
    "parts",
    [
        {"words": 'words = ["--max-num-seqs=2"]', "later": "start(words)"},
        {"words": 'words = ["--max-num-seqs=2"]', "later": "words += more"},
        {"words": 'words = ["--max-num-seqs=2"] if more else ["--max-num-seqs=4"]'},
        {"lead": 'SLOTS = "2"', "given": '["--max-num-seqs", SLOTS]'},
        {"given": '[f"--max-num-seqs={2}"]'},
    ],
)
def test_words_that_others_may_have_are_left(parts: dict[str, str]) -> None:
    assert fixed(upload(**parts), "serve.py") == upload(**parts)
