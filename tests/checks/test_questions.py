"""Questions to the ledger are parsed by the server, and nothing is said where there is none."""

from dataclasses import replace
from pathlib import Path
from shutil import copytree

from auyl.checks import check_installation
from auyl.checks.questions import faults_of_questions
from auyl.settings import Settings

# file, text, what stands in its place, line, words
SPOILED = (
    ("extracts.sql", "    d.size_bytes,", "    d.size,", None, "column d.size does not exist"),
    ("arrivals.sql", "\nselect", "\nselekt", None, "syntax error"),
    (
        "refusals.sql",
        "from ledger.refusal\n",
        "from ledger.refused\n",
        None,
        'relation "ledger.refused" does not exist',
    ),
    ("periods.sql", "max(", "maxi(", None, "function maxi"),
    ("broken_rules.sql", "o.failed > 0", "o.failed > o.rule", None, "operator does not exist"),
)


def test_a_question_that_the_server_does_not_understand_is_named_by_file_and_line(
    settings: Settings, tmp_path: Path
) -> None:
    assert faults_of_questions(settings) == []
    include = tmp_path / "include"
    copytree(settings.include, include)
    spoiled = replace(settings, include=include)
    lines = {}
    for name, good, bad, line, _ in SPOILED:
        path = include / "sql" / "ledger" / name
        content = path.read_text("utf-8")
        assert good in content, name
        lines[name] = line or content[: content.index(good)].count("\n") + 1 + good.startswith("\n")
        path.write_text(content.replace(good, bad, 1), "utf-8")
    found = {fault.file: fault for fault in check_installation(spoiled)}
    assert found.keys() == lines.keys()
    for name, _, _, _, words in SPOILED:
        assert (found[name].line, words in found[name].words) == (lines[name], True), found[name]


def test_where_no_database_of_this_version_answers_nothing_is_said(settings: Settings, tmp_path: Path) -> None:
    assert faults_of_questions(replace(settings, dsn_or_none=None)) == []
    assert faults_of_questions(replace(settings, dsn_or_none="postgresql://nobody@127.0.0.1:1/x")) == []
    other = tmp_path / "include"
    copytree(settings.include, other)
    view = other / "sql" / "serving" / "070_engineer.sql"
    view.write_text(view.read_text("utf-8") + "-- of a later version\n", "utf-8")
    question = other / "sql" / "ledger" / "periods.sql"
    question.write_text("select new_column from ledger.batch", "utf-8")
    assert faults_of_questions(replace(settings, include=other)) == [], "`auyl migrate` comes first"
    # A login may lack the rights.
    engineer = replace(settings, dsn_or_none=f"{settings.dsn}?options=-crole%3Dauyl_engineer")
    assert faults_of_questions(engineer) == []
