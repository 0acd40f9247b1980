"""The words of the project: no replaced name or phrase is left, and no two classes of a package have the same name.

`python tests/test_words.py` lists every place; PYTHONPATH is the repository.
"""

import ast
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from auyl.settings import REPOSITORY

TEXT_FILES = (".py", ".sql", ".yaml", ".yml", ".md", ".html", ".toml")
# In any text: whole words in any case, also over the end of a comment line.
PHRASES = (
    "mender", "menders", "mend", "mends", "mended", "mending", "in force", "kept back", "keeps back", "keep back",
    "hands back", "handed back", "nought", "anew", "be it", "twins", "spine", "the own", "invented oblast",
    "rooms", "told apart", "is told", "are told", "was told",
)  # fmt: skip
# In code: whole identifiers in this case.
IDENTIFIERS = (
    "torn_record", "KNOWN_PERSONS", "NEAR", "ALIKE", "UNSEEN", "Offices", "offices", "SPINE", "Twins", "Promise",
    "Whole", "Seen", "Past", "patience", "whole_files", "good_kept_back", "mended_owed", "in_force", "guard",
)  # fmt: skip
# Names of functions; as words they have other uses.
FUNCTIONS = ("weigh", "told", "promises", "twins", "spine")
PACKAGES = ("auyl", "auyl_airflow", "lab", "bench")
# An applied version of the schema never changes, nor does the dump that later versions are tested on.
FROZEN = ("auyl/store/migrations/versions/", "tests/store/version_")


def text_files() -> list[Path]:
    """Tracked text files, except this one and the frozen ones."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True).stdout
    names = [name for name in listed.decode().split("\0") if name.endswith(TEXT_FILES) or name == "Makefile"]
    paths = [REPOSITORY / name for name in names if not name.startswith(FROZEN)]
    return [path for path in paths if path.is_file() and path.name != Path(__file__).name]


def patterns() -> dict[str, re.Pattern[str]]:
    """The pattern of every word that is not used any more."""
    gap = r"(?:[ \t]+|[ \t]*\n[ \t]*(?:(?:#|--)[ \t]*)?)"
    words = {phrase: re.compile(rf"\b{gap.join(phrase.split())}\b", re.IGNORECASE) for phrase in PHRASES}
    words |= {name: re.compile(rf"(?<![\w-]){name}(?![\w-])") for name in IDENTIFIERS}
    return words | {f"{name}()": re.compile(rf"\bdef {name}\(") for name in FUNCTIONS}


def places() -> Iterator[tuple[str, str, int]]:
    """Word, file and line of every place where one is used."""
    for path in text_files():
        file, text = path.relative_to(REPOSITORY).as_posix(), path.read_text(encoding="utf-8")
        for word, pattern in patterns().items():
            if word in IDENTIFIERS and path.suffix not in (".py", ".sql"):
                continue
            for match in pattern.finditer(text):
                yield word, file, text.count("\n", 0, match.start()) + 1


def classes() -> dict[tuple[str, str], list[str]]:
    """Files that define a public class, by its package and name."""
    found = defaultdict(list)
    for path in text_files():
        file = path.relative_to(REPOSITORY)
        if path.suffix == ".py" and file.parts[0] in PACKAGES:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    found[file.parts[0], node.name].append(file.as_posix())
    return found


@pytest.fixture(scope="module")
def used() -> dict[str, list[str]]:
    """Places by word."""
    by_word = defaultdict(list)
    for word, file, line in places():
        by_word[word].append(f"{file}:{line}")
    return by_word


@pytest.mark.parametrize("word", sorted(patterns()))
def test_a_replaced_word_is_not_used(used: dict[str, list[str]], word: str) -> None:
    assert used.get(word, []) == []


def test_the_patterns_match_whole_words_across_lines() -> None:
    compiled = patterns()
    assert compiled["in force"].search("the batch that is In\n    -- force")
    assert compiled["weigh()"].search("def weigh(con)")
    assert compiled["Promise"].search("class Promise:")
    assert not compiled["anew"].search("renewed")
    assert not compiled["NEAR"].search("NEAR_MISS near")


def test_no_two_classes_of_a_package_have_the_same_name() -> None:
    assert {name: files for name, files in classes().items() if len(files) > 1} == {}


if __name__ == "__main__":
    for word, file, line in sorted(places()):
        print(f"{word:20} {file}:{line}")
    for (package, name), files in sorted(classes().items()):
        if len(files) > 1:
            print(f"class {package}.{name}: {', '.join(files)}")
