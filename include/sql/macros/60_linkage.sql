-- Names as linkage compares them: one byte a letter, without the endings that only tell sex, father or language.
-- DuckDB's distances count bytes, so a Cyrillic letter would count twice and different letters would half agree.

-- A name key in signs of one byte each. What Russian and Kazakh spelling have in common is folded by name_key already.
create or replace macro one_byte(t) as
    translate(name_key(t), 'абвгдежзийклмнопрстуфхцчшщыэюя', 'abvgde1zijklmnoprstufhc4w5yeqx');

-- The key of a surname without its ending: Абаев, Абаева and Абайұлы are «aba»; «ким», «бек» stay as they are.
create or replace macro surname_root(key) as
    case
        when length(key) >= 5
            then regexp_replace(key, '(?:j?(?:uly|kyzy)|(?:ov|ev|in)(?:i4|na|a)?|skij|skax)$', '')
        else key
    end;

-- The father's name in the key of a patronymic: Ермекұлы, Ермекқызы, Ермекович and Ермековна are «ermek».
create or replace macro patronymic_root(key) as
    case
        when length(key) >= 4
            then regexp_replace(key, '(?:[ij]?(?:uly|kyzy)|[ij]?[oe](?:vi4|vna)|ini4na|i4)$', '')
        else key
    end;
