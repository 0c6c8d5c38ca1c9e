"""Sentences in other languages: what is said keeps its values, and stands as English by itself."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import tomli

from ecolint import speech
from ecolint.rulefile import Rule, read
from ecolint.ruleset import packaged, spoken
from ecolint.ruletable import RuleError
from ecolint.speech import Voice, say

RULE = packaged() / "ECO303_kv_cache_disabled.toml"


def test_what_is_said_is_english_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"{count} rows of {what}": "{what}：{count} 行", "one GPU": "一块 GPU"}
    monkeypatch.setattr(speech, "catalogue", lambda locale: known)
    told = say("{count} rows of {what}", count=3, what=say("one GPU"))
    assert told == "3 rows of one GPU"
    assert Voice()(told) == "3 rows of one GPU"
    assert Voice("zh")(told) == "一块 GPU：3 行"
    assert Voice("zh")("plain") == "plain"
    assert Voice("zh").say("not in it: {x:.2f}", x=1.5) == "not in it: 1.50"
    again = pickle.loads(pickle.dumps(told))
    assert Voice("zh")(again) == "一块 GPU：3 行"


def with_chinese(**changed: str) -> Rule:
    """A shipped rule with texts in Chinese, one of which is changed."""
    text = RULE.read_text(encoding="utf-8").partition("\n[zh]")[0]
    rule = read(RULE.as_posix(), text)
    parts = ['\n[zh]\nsummary = "摘要"']
    parts += [f"[[zh.case]]\nmessage = '''{changed.get('message', one.message.text)}'''" for one in rule.cases]
    parts += [f"[[zh.detail]]\nlabel = '''{a.text}'''\nvalue = '''{b.text}'''" for a, b in rule.detail]
    for one in rule.betters:
        given = {"title": one.title, "caveat": one.caveat, "advice": one.advice}
        parts.append("[[zh.better]]\n" + "\n".join(f"{key} = '译文'" for key, value in given.items() if value))
    safety = "fix_safety = '安全'" if rule.docs.fix_safety else ""
    parts.append(f"[zh.docs]\nwhat = '什么'\nwhy = '为什么'\n{safety}")
    return read(RULE.as_posix(), text + "\n".join(parts))


def test_a_rule_is_spoken_in_its_own_chinese() -> None:
    rule = with_chinese()
    assert rule.zh is not None
    (chinese,) = spoken([rule], "zh")
    assert (chinese.summary, chinese.docs.what) == ("摘要", "什么")
    assert chinese.cases[0].when.text == rule.cases[0].when.text
    assert spoken([rule], "en") == (rule,)


def test_a_translation_that_names_other_facts_is_refused() -> None:
    with pytest.raises(RuleError, match="names other facts"):
        with_chinese(message="{gpu} 另有所指")


def test_a_catalogue_is_there_for_every_language() -> None:
    for locale in speech.LOCALES[1:]:
        file = Path(speech.__file__).parent / "locales" / f"{locale}.toml"
        assert "messages" in tomli.loads(file.read_text(encoding="utf-8"))
