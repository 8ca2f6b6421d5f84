"""The guide to recipes keeps its promises: reasons, recipes and its own example."""

from __future__ import annotations

import re

import pytest

from geo_service.core.settings import ROOT
from ingest.reasons import REASONS
from ingest.recipe import known_recipes, parse_recipe

GUIDE = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
EVERYWHERE = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md"))


def test_the_example_is_a_sound_recipe():
    example = re.search(r"```toml\n(.*?)```", GUIDE, re.DOTALL)[1]
    assert parse_recipe(example.encode(), "my-waste").dataset.id == "my-waste"


@pytest.mark.parametrize(
    "name", sorted(set(re.findall(r"--recipe ([a-z0-9-]+)(?!\S*\.toml)`", GUIDE)))
)
def test_every_recipe_named_in_the_guide_exists(name):
    assert name in known_recipes()


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_reason_is_described(reason):
    assert f"`{reason}`" in EVERYWHERE
