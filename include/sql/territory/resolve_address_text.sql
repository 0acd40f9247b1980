-- Grain: row of ${texts}. Key: _key. Answer: (_key, settlement_kato, okrug_kato, district_kato, step, confidence).
-- Inputs: ${texts} (_key, address, crew, home_kato: the settlement where the patient is registered), ${kato} of one
-- edition, ${oblast} a quoted KATO of the oblast that the texts come from.
-- Finds the settlement in a free address: «Енбекшиказахский р-н, с.Шелек, ул.Абая 12», «Шелек Абай к-сі 12», «р-н
-- Уйгурский Шонжы а.».
-- Runs of one to three words are compared with the names of places. A word after ул., пр., мкр. or before көшесі is a
-- street, and so is a bare name after a comma and before a number.
-- A district or okrug counts where a word marks it as one, or where its Russian name ends in -ский or -ская; a district
-- also by the beginning of its name («Енбекш. р-н»).
-- Of several settlements, one marked by с., а., г. wins, then the longer name, then the earlier one. Minor points
-- (зимовка, ферма) count only with such a mark and where no main settlement has the name.
-- A name that fits several places is decided by the district of the crew or by the registered home, unless the two
-- disagree; a name that differs by one letter counts if the district has no other name so near. Crew and home alone,
-- without a name in the text, give no answer.
-- step: 'district+settlement', 'settlement'; 'settlement+crew', 'settlement+home': one of several of the name;
-- 'other district+crew': the named district has no such place, the crew's has; 'near name': in the named district or
-- okrug, 'near name+crew': in the crew's; 'okrug', 'district_only', 'unresolved'.
-- confidence: 'high': a named district or okrug and its settlement; 'medium': the only one of that name in the oblast,
-- marked as a settlement or in the crew's district, and what crew, home or a near name in a named district decided;
-- 'low': the only one without either, beside a district that the oblast does not have, 'other district+crew' and 'near
-- name+crew'; NULL where no settlement was found.
with written as materialized (
    select
        row_number() over () as id,
        address
    from (select distinct address from ${texts} where address is not null)
),

-- Signs with the same meaning become one word; a comma stays a separate word.
plain as (
    select
        id,
        lower(kazakh_letters(homoglyphs_to_cyrillic(address))) as text
    from written
),

abbreviated as (
    select
        id,
        regexp_replace(
            regexp_replace(
                regexp_replace(
                    regexp_replace(
                        ' ' || text || ' ',
                        '([ ,.;(])(?:р-о?н[аы]?|г\. ?а\.|қ\. ?ә\.)([^\pL])', '\1 район \2', 'g'
                    ),
                    '([ ,.;(])[са](?:\. ?|/ ?)о([ ,.;)])|сельск[а-я]* округ[а-я]*|ауылдық округі?', '\1 округ \2', 'g'
                ),
                '([^\pL])(?:к-с[іи]|көшесі?|көш)([^\pL])', '\1 улицасы \2', 'g'
            ),
            '([^\pL])(?:пр-т|пр-кт|м-н|мкр-н|м/а)([^\pL])', '\1 проспект \2', 'g'
        ) as text
    from plain
),

worded as materialized (
    select
        id,
        string_split(trim(regexp_replace(
            translate(
                regexp_replace(
                    regexp_replace(
                        -- a question mark before a letter replaces a lost letter
                        regexp_replace(regexp_replace(text, '[,;]', ' , ', 'g'), '\?+([^\pL?])', ' \1', 'g'),
                        '[^\pL\pN,?]+', ' ', 'g'
                    ),
                    ' қ ', ' каласы ', 'g'
                ),
                'ёәғқңөұүһіьъ', 'еагкноуухи'
            ),
            ' +', ' ', 'g'
        )), ' ') as words
    from abbreviated
),

run as materialized (
    select
        worded.id,
        start.pos,
        length.n,
        array_to_string(worded.words[start.pos:start.pos + length.n - 1], '') as key,
        coalesce(worded.words[start.pos - 1], '') as before,
        coalesce(worded.words[start.pos - 2], '') as two_before,
        coalesce(worded.words[start.pos + length.n], '') as after,
        coalesce(worded.words[start.pos + length.n + 1], '') as two_after
    from worded
    cross join unnest(range(1, len(worded.words) + 1)) as start (pos)
    cross join (values (1), (2), (3)) as length (n)
    where
        start.pos + length.n - 1 <= len(worded.words)
        and not list_contains(worded.words[start.pos:start.pos + length.n - 1], ',')
),

name as materialized (
    select distinct
        kato,
        level,
        okrug_kato,
        coalesce(district_kato, oblast_kato) as district_kato,
        is_main_settlement,
        level = 'settlement' or (level = 'okrug' and kind = 'г.') as is_settlement,
        unnest([name_key_ru, name_key_kk]) as key,
        unnest([true, false]) as is_russian
    from ${kato}
    where oblast_kato = ${oblast} and level <> 'oblast'
),

-- «Енбекш. р-н»: the beginning of one district's name only.
district_cut as (
    select
        run.key,
        any_value(name.kato) as kato
    from (
        select distinct key
        from run
        where n = 1 and length(key) >= 4 and (after in ('район', 'ауданы', 'аудан', 'ауд') or before = 'район')
    ) as run
    inner join name on name.level = 'district' and starts_with(name.key, run.key)
    group by run.key
    having count(distinct name.kato) = 1
),

name_or_cut as (
    select * from name
    union
    select name.* replace (district_cut.key as key, true as is_russian)
    from district_cut
    inner join name on district_cut.kato = name.kato
),

spotted as materialized (
    select
        run.id,
        run.pos,
        run.n,
        run.before,
        name.*,
        run.before in (
            'с', 'село', 'а', 'ауыл', 'аул', 'п', 'пос', 'поселок', 'г', 'гор', 'город', 'ст', 'станция', 'рзд', 'уч',
            'зимовка', 'кыстау', 'ферма', 'отг'
        )
        or run.after in ('а', 'ауыл', 'ауылы', 'село', 'каласы', 'кент', 'кенти', 'стансасы', 'ст') as is_marked,
        case
            when name.level = 'district'
                then run.after in ('район', 'ауданы', 'аудан', 'ауд')
                or (
                        name.is_russian
                        and (run.before in ('район', 'ауданы') or ends_with(run.key, 'ский'))
                        and run.after <> 'округ' and run.before <> 'округ'
                    )
            when name.level = 'okrug' and not name.is_settlement
                then run.before = 'округ' or run.after = 'округ' or (
                    (ends_with(run.key, 'ский') or ends_with(run.key, 'ская'))
                    and run.after not in ('район', 'обл', 'область') and run.before not in ('район', 'ул', 'улица')
                    and not exists (
                        select 1 from name as district
                        where district.level = 'district' and district.key = run.key
                    )
                )
            else false
        end as is_scope,
        name.is_settlement
        and run.after not in (
            'улицасы', 'дангылы', 'дан', 'туйыгы', 'район', 'ауданы', 'аудан', 'ауд', 'округ',
            'обл', 'область', 'облысы'
        )
        and not (
            run.before in ('зимовка', 'кыстау', 'ферма', 'отг')
            and exists (select 1 from name as main where main.key = run.key and main.is_main_settlement)
        )
        and not (
            run.before = ',' and regexp_matches(run.after, '^[0-9]')
            and run.two_before not in ('район', 'ауданы', 'округ', 'обл', 'область', 'облысы')
        )
        -- «к.» is a street before a number, else a settlement (кент)
        and not (run.after = 'к' and regexp_matches(run.two_after, '^[0-9]'))
        and run.before not in (
            'ул', 'улица', 'пр', 'проспект', 'пер', 'переулок', 'мкр', 'микрорайон', 'мкрн', 'ш', 'шоссе', 'округ'
        )
        and not (
            run.two_before in ('ул', 'улица', 'пр', 'проспект', 'пер', 'переулок', 'мкр', 'микрорайон', 'мкрн')
            and regexp_full_match(run.before, '\pL{2,}')
        ) as is_place,
        run.pos > 1 and run.two_after = 'улицасы' as is_maybe_street
    from run
    inner join name_or_cut as name on run.key = name.key
    where length(run.key) >= 3 and regexp_matches(run.key, '\pL{2}')
),

district_found as materialized (
    select
        id,
        min(kato) as district_kato
    from spotted
    where is_scope and level = 'district'
    group by id
    having count(distinct kato) = 1
),

okrug_found as materialized (
    select
        spotted.id,
        list(distinct spotted.kato) as okrugs,
        min(spotted.district_kato) as district_kato,
        count(distinct spotted.district_kato) as districts
    from spotted
    left join district_found on spotted.id = district_found.id
    where
        spotted.is_scope and spotted.level = 'okrug'
        and coalesce(district_found.district_kato, spotted.district_kato) = spotted.district_kato
    group by spotted.id
),

-- Settlements by name, and whether they agree with the named district and okrug. Their words are not part of a longer
-- name, district or okrug.
candidate as materialized (
    select
        spotted.*,
        coalesce(district_found.district_kato, spotted.district_kato) = spotted.district_kato
        and (okrug_found.id is null or list_contains(okrug_found.okrugs, spotted.okrug_kato)) as is_in_scope
    from spotted
    left join district_found on spotted.id = district_found.id
    left join okrug_found on spotted.id = okrug_found.id
    where
        spotted.is_place
        and (spotted.is_marked or spotted.is_main_settlement)
        and (
            spotted.is_marked or not spotted.is_maybe_street
            or district_found.id is not null or okrug_found.id is not null
        )
        and not exists (
            select 1
            from spotted as other
            where
                other.id = spotted.id
                and other.pos <= spotted.pos and other.pos + other.n >= spotted.pos + spotted.n
                and (other.n > spotted.n or (other.is_scope and not spotted.is_marked))
        )
),

best as (
    select
        *,
        max(is_main_settlement::integer) over (partition by id, pos, n) as has_main
    from candidate
    -- settlements in the named district or okrug first
    qualify
        dense_rank() over (partition by id order by is_in_scope desc, is_marked desc, n desc, pos) = 1
),

option as materialized (
    select distinct
        id,
        kato,
        okrug_kato,
        district_kato,
        is_marked,
        is_in_scope
    from best
    where is_main_settlement::integer = has_main
),

said as materialized (
    select
        text._key,
        text.address,
        text.home_kato,
        crew.kato as crew_district_kato
    from ${texts} as text
    left join name as crew on crew_district(text.crew) = crew.kato and crew.level = 'district' and crew.is_russian
),

asked as materialized (
    select
        row_number() over () as ask,
        written.id,
        one.*
    from (
        select distinct
            address,
            home_kato,
            crew_district_kato
        from said
    ) as one
    inner join written on one.address = written.address
),

-- Names that differ by one letter, where the text names no place: in the named district or okrug, else in the district
-- of the crew.
unnamed as materialized (
    select
        asked.ask,
        asked.id,
        coalesce(
            district_found.district_kato,
            case
                when okrug_found.id is null then asked.crew_district_kato
                when okrug_found.districts = 1 then okrug_found.district_kato
            end
        ) as district_kato,
        okrug_found.okrugs
    from asked
    left join district_found on asked.id = district_found.id
    left join okrug_found on asked.id = okrug_found.id
    anti join option on asked.id = option.id
),

near_run as materialized (
    select
        id,
        key,
        translate(key, 'абвгдежзийклмнопрстуфхцчшщыэюя', 'abcdefghijklmnopqrstuvwxyzABCD') as one_byte
    from run
    where
        id in (select unnamed.id from unnamed)
        and n <= 2
        and length(key) >= 4
        and regexp_full_match(key, '[\pL?]+')
        and (
            pos = 1 or before in (',', 'район', 'ауданы', 'округ')
            or before in ('с', 'село', 'а', 'ауыл', 'аул', 'п', 'пос', 'поселок', 'г', 'гор', 'город', 'ст', 'рзд')
            or after in ('а', 'ауыл', 'ауылы', 'село', 'каласы', 'кент', 'кенти')
        )
        and not (before = ',' and regexp_matches(after, '^[0-9]'))
        and after not in ('улицасы', 'дангылы', 'район', 'ауданы', 'аудан', 'округ', 'обл', 'область', 'облысы')
        and before not in ('ул', 'улица', 'пр', 'проспект', 'пер', 'мкр')
        and not regexp_matches(
            key,
            '^(?:адрес|возле|около|рядом|напротив|трасса|дорога|школ|магазин|мечет|акимат|мектеп|дукен|зимовк|улиц)'
        )
        and not exists (
            select 1 from spotted as s
            where s.id = run.id and s.is_scope and s.pos < run.pos + run.n and run.pos < s.pos + s.n
        )
),

near_name as materialized (
    select distinct
        kato,
        okrug_kato,
        district_kato,
        key,
        translate(key, 'абвгдежзийклмнопрстуфхцчшщыэюя', 'abcdefghijklmnopqrstuvwxyzABCD') as one_byte
    from name
    where is_settlement and is_main_settlement and length(key) >= 5
),

near as materialized (
    select
        unnamed.ask,
        min(near_name.kato) as kato,
        min(near_name.okrug_kato) as okrug_kato,
        min(near_name.district_kato) as district_kato
    from unnamed
    inner join near_run on unnamed.id = near_run.id
    inner join near_name on unnamed.district_kato = near_name.district_kato
    where
        (unnamed.okrugs is null or list_contains(unnamed.okrugs, near_name.okrug_kato))
        and length(near_run.key) between length(near_name.key) - 1 and length(near_name.key) + 1
        and (
            damerau_levenshtein(near_run.one_byte, near_name.one_byte) <= 1
            or (contains(near_run.key, '?') and near_name.key like replace(near_run.key, '?', '_'))
        )
    group by unnamed.ask
    having count(distinct near_name.kato) = 1
),

-- Text, crew and home together.
weighed as (
    select
        asked.ask,
        count(*) as options,
        count(distinct option.okrug_kato) as okrugs,
        count(distinct option.district_kato) as districts,
        bool_or(option.is_marked) as is_marked,
        bool_and(option.is_in_scope) as is_in_scope,
        min(option.kato) as only_kato,
        min(option.okrug_kato) as only_okrug_kato,
        min(option.district_kato) as only_district_kato,
        list(option.kato) filter (option.district_kato = asked.crew_district_kato) as of_crew,
        min(option.kato) filter (option.kato = asked.home_kato) as home_kato
    from asked
    inner join option on asked.id = option.id
    group by asked.ask
),

settled as (
    select
        weighed.*,
        case
            when is_in_scope and options = 1 then 'settlement'
            when is_in_scope and len(of_crew) = 1 and coalesce(home_kato, of_crew[1]) = of_crew[1]
                then 'settlement+crew'
            when is_in_scope and home_kato is not null and (of_crew is null or list_contains(of_crew, home_kato))
                and coalesce(len(of_crew), 0) <> 1
                then 'settlement+home'
            when not is_in_scope and len(of_crew) = 1 and coalesce(home_kato, of_crew[1]) = of_crew[1]
                then 'other district+crew'
        end as way
    from weighed
),

answer as materialized (
    select
        asked.address,
        asked.crew_district_kato,
        asked.home_kato,
        place.kato as settlement_kato,
        coalesce(
            place.okrug_kato,
            case when settled.is_in_scope and settled.okrugs = 1 then settled.only_okrug_kato end,
            case when len(okrug.okrugs) = 1 then okrug.okrugs[1] end
        ) as okrug_kato,
        coalesce(
            place.district_kato,
            district.district_kato,
            case when settled.is_in_scope and settled.districts = 1 then settled.only_district_kato end,
            case when okrug.districts = 1 then okrug.district_kato end
        ) as district_kato,
        case when near.ask is not null then 'near' else settled.way end as way,
        district.id is not null or okrug.id is not null as has_scope,
        -- a district that this oblast does not have: abolished, or the address is elsewhere
        (settled.is_marked or place.district_kato = asked.crew_district_kato)
        and not list_has_any(worded.words, ['район', 'ауданы']) as is_sure
    from asked
    inner join worded on asked.id = worded.id
    left join district_found as district on asked.id = district.id
    left join okrug_found as okrug on asked.id = okrug.id
    left join settled on asked.ask = settled.ask
    left join near on asked.ask = near.ask
    left join (
        select distinct
            kato,
            okrug_kato,
            district_kato
        from name
        where is_settlement
    ) as place
        on place.kato = case
            when near.ask is not null then near.kato
            when settled.way = 'settlement' then settled.only_kato
            when settled.way = 'settlement+home' then settled.home_kato
            when settled.way is not null then settled.of_crew[1]
        end
)

select
    said._key,
    answer.settlement_kato,
    answer.okrug_kato,
    answer.district_kato,
    case
        when answer.district_kato is null then 'unresolved'
        when answer.way = 'near' then if(answer.has_scope, 'near name', 'near name+crew')
        when answer.way = 'settlement' and answer.has_scope then 'district+settlement'
        when answer.way is not null then answer.way
        when answer.okrug_kato is not null then 'okrug'
        else 'district_only'
    end as step,
    case
        when answer.way is null then null
        when answer.way = 'near' then if(answer.has_scope, 'medium', 'low')
        when answer.way = 'other district+crew' then 'low'
        when answer.way in ('settlement+crew', 'settlement+home') then 'medium'
        when answer.has_scope then 'high'
        when answer.is_sure then 'medium'
        else 'low'
    end as confidence
from said
left join answer
    on
        said.address = answer.address
        and said.home_kato is not distinct from answer.home_kato
        and said.crew_district_kato is not distinct from answer.crew_district_kato
