"""Replay, --with and --reuse: what answers, what is performed, and which difference is named."""

import hashlib
import json

import pytest

import fault_server as f
from lab import EXIT, Lab


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path / "lab")


def ask_once(lab, text="Paris.", **more):
    with f.FaultServer([f.json_answer(text)]) as server:
        done = lab.ai(server.base_url, **more)
    assert done.exit == 0, done.err
    return server


def edit(lab, name, old, new):
    path = lab.root / "recipes" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def forge_recipe(lab, text):
    """Puts another recipe into the record, and its hash into the manifest: as if it had run."""
    recorded = lab.latest / "record" / "recipe" / "recipe.lua"
    before = recorded.read_text()
    recorded.write_text(text(before) if callable(text) else text)
    manifest = lab.manifest
    manifest["recipe"]["sha256"] = hashlib.sha256(recorded.read_bytes()).hexdigest()
    (lab.latest / "run.json").write_text(json.dumps(manifest))
    return before


def test_elsewhere_and_without_a_lab(lab, tmp_path):
    """The folder alone is enough: copied, the lab and the server gone."""
    ask_once(lab)
    copy = tmp_path / "mailed"
    lab.latest.rename(copy)
    (lab.root / "lab.json").unlink()
    done = lab.tlab("replay", copy)
    assert done.exit == 0, done.err
    assert lab.tlab("verify", copy).exit == 0


def test_a_recipe_edited_since_does_not_matter(lab):
    """What ran is in the record, so today's recipe is not asked."""
    ask_once(lab)
    (lab.root / "recipes" / "ai.lua").write_text("return nonsense(")
    assert lab.tlab("replay", "latest").exit == 0


def test_the_first_other_request_is_named_with_both(lab):
    """N9: the recorded recipe is changed, so that it asks for something else."""
    ask_once(lab)
    before = forge_recipe(lab, lambda text: text.replace("run:note('params'", "run:note('parms'"))
    assert "run:note('params'" in before
    done = lab.tlab("replay", "latest")
    assert done.exit == EXIT["DIFFERS"]
    assert "parms" in done.out + done.err and "params" in done.out + done.err


def test_random_numbers_come_again(lab):
    """A run without --seed has one of its own, by its key; what is drawn while loading has none."""
    lab.write(
        "recipes/dice.lua",
        (
            "local loaded = math.random(1 << 40)\nreturn { name = 'dice', summary = 's', home = 'ai-team/artifacts',\n"
            "run = function(run) run:write('dice.txt', loaded .. ' ' .. math.random(1 << 40)) end }\n"
        ),
    )
    for words in [(), ("--seed=7",)]:
        assert lab.tlab("run", "dice", *words).exit == 0
        done = lab.tlab("replay", "latest")
        assert done.exit == 0, done.out


def test_an_effect_too_few_is_a_difference(lab):
    ask_once(lab)
    before = forge_recipe(
        lab, "return { name = 'ai', summary = 's', home = 'ai-team/artifacts', run = function() end }"
    )
    done = lab.tlab("replay", "latest")
    assert done.exit == EXIT["DIFFERS"]
    assert "0 effects" in done.out + done.err
    forge_recipe(lab, before)
    assert lab.tlab("replay", "latest").exit == 0


def test_a_changed_artifact_is_named(lab):
    ask_once(lab)
    (lab.latest / "answers.md").write_text("forged")
    # the manifest still says what was made, so the replay agrees with it and verify does not
    assert lab.tlab("replay", "latest").exit == 0
    done = lab.tlab("verify", "latest")
    assert done.exit == EXIT["DIFFERS"] and "answers.md" in done.out + done.err


def test_with_another_recipe_on_the_same_answers(lab):
    """New post-processing without paying for the calls again: no server is there any more."""
    ask_once(lab, text="Paris.")
    first = lab.manifest["id"]
    edit(lab, "ai.lua", "'answers.md'", "'replies.md'")
    done = lab.tlab("replay", "latest", "--with", "recipes/ai.lua")
    assert done.exit == 0, done.out + done.err
    assert "Paris." in (lab.latest / "replies.md").read_text()
    assert lab.manifest["replay_of"] == first and lab.manifest["id"] != first
    assert lab.tlab("replay", "latest").exit == 0


def test_with_asks_nothing_that_is_not_recorded(lab):
    ask_once(lab)
    edit(lab, "ai.lua", "cache_prompt = spec.cache_prompt", "cache_prompt = false")
    done = lab.tlab("replay", "latest", "--with", "recipes/ai.lua")
    assert done.exit == EXIT["NOT_RECORDED"], done.out + done.err


@pytest.mark.parametrize("params", [{"seed": 1}, {}], ids=["seed of the spec", "seed of the run"])
def test_reuse_performs_only_the_new_calls(lab, params):
    spec = {"prompt": "{{n}}", "cases": [{"n": 1}, {"n": 2}], "params": params}
    with f.FaultServer([f.json_answer("a")]) as server:
        base = server.base_url
        assert lab.ai(base, spec=spec).exit == 0
        before = server.tries
        spec["cases"].append({"n": 3})
        done = lab.ai(base, "--reuse", "latest", spec=spec)
        assert done.exit == 0, done.err
        after = server.tries
    asked = [e for e in lab.effects("http.send") if e["args"][0].get("method") == "POST"]
    assert len(asked) == 3
    assert after - before == 1
    assert len(lab.rows()) == 3
    assert lab.tlab("replay", "latest").exit == 0
    assert lab.tlab("verify", "latest").exit == 0


def test_offline_opens_nothing(lab):
    done = lab.ai("http://127.0.0.1:9/v1", "--offline")
    assert done.exit == EXIT["NOT_RECORDED"], done.err


def test_a_lab_price_counts_and_replays(tmp_path):
    """The price table is the lab's, and the replay needs the one of that day."""
    lab = Lab(tmp_path / "lab", {"prices": {"m": {"input_per_million": 1, "output_per_million": 2}}})
    answer = f.json_answer("x", usage={"prompt_tokens": 1000000, "completion_tokens": 500000})
    with f.FaultServer([answer]) as server:
        assert lab.ai(server.base_url).exit == 0
    assert lab.manifest["cost"] == {"amount": 2, "currency": "USD"}
    lab.write("lab.json", {"schema": "tlab.lab/1", "prices": {"m": {"input_per_million": 9, "output_per_million": 9}}})
    assert lab.tlab("replay", "latest").exit == 0
    assert lab.tlab("verify", "latest").exit == 0


def test_the_same_experiment_has_the_same_key(lab):
    ask_once(lab)
    first = lab.manifest
    with f.FaultServer([f.json_answer("Paris.")]):
        spec = json.loads((lab.root / "spec.json").read_text())
        spec["model"]["base_url"] = first_url = spec["model"]["base_url"]
        lab.write("spec.json", spec)
        lab.tlab("run", "recipes/ai.lua", "spec.json", f"--allow-net={first_url.split('/')[2]}", "--offline")
    second = lab.manifest
    assert second["key"] == first["key"] and second["id"] != first["id"]
    assert second["seed"] == first["seed"]
