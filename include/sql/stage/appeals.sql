-- Grain: appeal. Key: appeal_number. Inputs: typed (appeals).
-- An appeal is open until it has a date of answer. Categories that nobody knows stay as «other» with a warning.
select
    appeal_number,
    received_on,
    case
        when regexp_matches(lower(kind_name), '^(заявл|өтініш)') then 'application'
        when regexp_matches(lower(kind_name), '^(жалоб|шағым)') then 'complaint'
        when regexp_matches(lower(kind_name), '^(сообщ|хабар)') then 'message'
        when regexp_matches(lower(kind_name), '^(предлож|ұсыныс)') then 'proposal'
    end as kind,
    category_name,
    case
        when regexp_matches(lower(category_name), '^(дорог|жол)') then 'roads'
        when regexp_matches(lower(category_name), '^(вод|ауыз су)') then 'water'
        when regexp_matches(lower(category_name), '^(земел|жер)') then 'land'
        when regexp_matches(lower(category_name), '^(социал|әлеумет)') then 'social'
        when regexp_matches(lower(category_name), 'освещ|жарық') then 'lighting'
        when regexp_matches(lower(category_name), 'пастбищ|жайылым') then 'pasture'
        when regexp_matches(lower(category_name), '^связь|интернет|байланыс') then 'internet'
        when regexp_matches(lower(category_name), 'мусор|қоқыс') then 'waste'
        when regexp_matches(lower(category_name), '^(жиль|тұрғын)') then 'housing'
        when regexp_matches(lower(category_name), 'здравоохр|денсаулық') then 'health'
        when regexp_matches(lower(category_name), 'образован|білім') then 'education'
        when regexp_matches(lower(category_name), 'бродяч|қаңғыбас') then 'stray_animals'
        else 'other'
    end as category,
    lower(category_name) in ('прочее', 'басқа') as is_told_other,
    homoglyphs_to_cyrillic(district_name) as district_name,
    homoglyphs_to_cyrillic(okrug_name) as okrug_name,
    authority_name,
    due_on,
    answered_on,
    answered_on__text,
    case
        when regexp_matches(lower(result_name), '^(удовлетв|қанағат)') then 'granted'
        when regexp_matches(lower(result_name), '^(разъясн|түсіндір)') then 'explained'
        when regexp_matches(lower(result_name), '^(отказ|бас тарт)') then 'refused'
    end as result,
    result_name as result__text,
    coalesce(answered_on, last_day((_period || '-01')::date)) > due_on as is_overdue,
    ${row_origin}
from typed
