"""Spellings of names and places: one key for one name, and clean text stays as it is."""

import pytest

from tests.macros import ask
from tests.reference import reference_file


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("ЕЅБЕКШІЌАЗАЌ АУДАНЫ", "ЕҢБЕКШІҚАЗАҚ АУДАНЫ"),
        ("БҐРЛІТҐБЕ", "БӨРЛІТӨБЕ"),
        ("Ўйєыр", "Ұйғыр"),
        ("Јділ Ћаким", "Әділ Һаким"),
        ("Қонаев Иванович", "Қонаев Иванович"),
        (None, None),
    ],
)
def test_legacy_letters_come_back(con, text, letters):
    assert ask(con, "kazakh_letters", text) == letters


@pytest.mark.parametrize(
    ("text", "corrected"),
    [
        ("Hовая Шульба", "Новая Шульба"),
        ("Aршалынский", "Аршалынский"),
        ("KАЗАХСТАН", "КАЗАХСТАН"),
        ("KEGOC-сервис", "KEGOC-сервис"),
        ("Wi-Fi", "Wi-Fi"),
        ("John Иванов", "John Иванов"),
        ("c. Kaйнap ул Абая, 17", "с. Кайнар ул Абая, 17"),
        ("Koкcaйcкий c.o., Koкcaй", "Коксайский с.о., Коксай"),
        ("p-н Taлгapcкий Қapaтaл a.", "р-н Талгарский Қаратал а."),
        ("Koкcaйcкий c/o, Koкcaй", "Коксайский с/о, Коксай"),
        ("c. Astana", "c. Astana"),
        ("витамин C", "витамин C"),
        (None, None),
    ],
)
def test_look_alikes_only_inside_cyrillic_words(con, text, corrected):
    assert ask(con, "homoglyphs_to_cyrillic", text) == corrected


@pytest.mark.parametrize(
    "spellings",
    [
        ["Қонаев", "Конаев", "ҚОНАЕВ", "KОНАЕВ", "ЌОНАЕВ", " Қонаев "],
        ["Бөрлітөбе", "БОРЛИТОБЕ", "БҐРЛІТҐБЕ"],
        ["Усть-Каменогорск", "УСТЬ КАМЕНОГОРСК", "усть–каменогорск"],
        ["Семёнова", "СЕМЕНОВА"],
        ["Әбдіқадыр", "Абдикадыр"],
    ],
)
def test_one_key_for_one_name(con, spellings):
    assert len({ask(con, "name_key", spelling) for spelling in spellings}) == 1


def test_different_names_keep_different_keys(con):
    assert ask(con, "name_key", "Шелек") != ask(con, "name_key", "Шелекский")
    assert ask(con, "name_key", " - ") is None


def test_every_name_of_the_classifier_has_a_key_without_look_alikes(con):
    path = reference_file("kato/kato.csv")
    rows = con.execute(
        """select n, name_key(n), name_key(replace(n, 'Н', 'H')) from (
            select distinct unnest([name_ru, name_kk]) as n from read_csv(?, all_varchar = true)) where n <> ''""",
        [str(path)],
    ).fetchall()
    assert len(rows) > 20_000
    assert [name for name, key, disguised in rows if not key or key != disguised] == []


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("10.2026", "2026-10"),
        ("2026-10", "2026-10"),
        ("13.2026", None),
        ("2026-00", None),
        ("10.26", None),
        (None, None),
    ],
)
def test_parse_month(con, text, month):
    assert ask(con, "parse_month", text) == month


@pytest.mark.parametrize(
    ("key", "spellings"),
    [
        (
            "шелекский",
            [
                "Шелекский с.о.",
                "Шелекский с.о",
                "с.о. Шелекский",
                "с.о.Шелекский",
                "ШЕЛЕКСКИЙ С/О",
                "ШЕЛЕКСКИЙ СО",
                "Шелекский сельский округ",
                "Шелекский  с. о.",
            ],
        ),
        (
            "байдибекби",
            ["с.о.Байдибек би", "Бәйдібек би а.о.", "Бәйдібек би ауылдық округі", "с.Байдибек би", "Бәйдібек би а."],
        ),
        (
            "шелек",
            [
                "с.Шелек",
                "с. Шелек",
                "Шелек а.",
                "Шелек ауылы",
                "село Шелек",
                "Шелек а",
                "ШЕЛЕК",
                "Шелек а.о.",
                "С. ШЕЛЕК",
            ],
        ),
        ("енбекшиказахский", ["Енбекшиказахский район", "ЕНБЕКШИКАЗАХСКИЙ Р-Н", "р-н Енбекшиказахский"]),
        ("енбекшиказак", ["Еңбекшіқазақ ауданы", "ЕЅБЕКШІЌАЗАЌ АУДАНЫ"]),
        (
            "конаев",
            ["Қонаев Г.А.", "Қонаев Қ.Ә.", "г.Қонаев", "Қонаев қ.", "Қонаев қаласы", "г.а. Конаев", "город Конаев"],
        ),
        ("боралдайская", ["Боралдайская п.а.", "БОРАЛДАЙСКАЯ П.А."]),
        ("кегенский", ["КЕГЕНСКИЙ РАЙОН (упразднен.)", "Кегенский район"]),
        ("ожетписбаев", ["О.Жетписбаев атын.а.о.", "с.о. им. О.Жетписбаев"]),
        ("орда", ["с.Орда", "с. Орда", "Орда а."]),
        ("бмомышулы", ["Б.Момышулы с.о.", "Б.Момышұлы атын.а.о."]),
        ("мтф2", ["МТФ 2"]),
        ("алматинская", ["Алматинская область", "АЛМАТИНСКАЯ ОБЛ."]),
        (None, [None, "", "с.", "село"]),
    ],
)
def test_place_key_drops_the_words_of_kind(con, key, spellings):
    assert {spelling: ask(con, "place_key", spelling) for spelling in spellings} == dict.fromkeys(spellings, key)


@pytest.mark.parametrize(
    ("kind", "spellings"),
    [
        (
            "с.о.",
            [
                "Шелекский с.о.",
                "Кенгирбайбийский с.о",
                "с.о.Байдибек би",
                "с.о. X",
                "Қараауыл а.о.",
                "Ақжол\xa0а.о.",
                "Бурыл а.о .",
            ],
        ),
        ("с.а.", ["с.а.Тайтобе", "с.а. Мамай", "Карабулакская с.а.", "Тайтөбе а.ә.", "Барвинов а.ә"]),
        ("п.а.", ["Боралдайская п.а.", "п.а.Нура", "Шаған к.ә."]),
        ("г.а.", ["Қонаев Г.А.", "Қонаев Қ.Ә.", "Есикская г.а."]),
        ("район", ["Абайский район", "район Алтай", "р-н Алтай", "Абай ауданы", "Район им.Габита Мусрепова"]),
        ("область", ["Алматинская область", "область Абай", "Абай облысы"]),
        ("г.", ["г.Алматы", "Алматы қ.", "Алматы қаласы"]),
        ("с.", ["с.Орда", "с. Орда", "Шілікті а", "Қараауыл а.", "Шелек ауылы"]),
        ("п.", ["п.Чаган", "п. Асыката", "Шаған к."]),
        ("рзд.", ["рзд.18 км"]),
        (None, ["МТФ 2", "", None]),
    ],
)
def test_place_kind(con, kind, spellings):
    assert {spelling: ask(con, "place_kind", spelling) for spelling in spellings} == dict.fromkeys(spellings, kind)
