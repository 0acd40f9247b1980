-- Grain: row of ${texts}. Key: _key. Answer: (_key, settlement_kato, okrug_kato, district_kato, step, confidence).
-- Inputs: ${texts} (_key, address), ${kato} of one edition, ${oblast} a quoted KATO of the oblast that the texts come
-- from.
-- Finds the settlement in a free address: «Енбекшиказахский р-н, с.Шелек, ул.Абая 12», «Шелек Абай к-сі 12», «р-н
-- Уйгурский Шонжы а.».
-- Runs of one to three words are compared with the names of places. A word after ул., пр., мкр. or before көшесі is a
-- street.
-- A district or okrug counts where a word says that it is one, or where its Russian name ends in -ский or -ская.
-- Of settlements the one with с., а., г. at its side goes first, then the longer name, then the earlier one. Minor
-- points
-- (зимовка, ферма) count only with such a word and where no main settlement has the name. A name that fits two places
-- gives no settlement.
-- step: 'district+settlement', 'settlement', 'okrug', 'district_only', 'unresolved'.
-- confidence: 'high' named district or okrug and its settlement; 'medium' the only one of that name in the oblast,
-- marked as a
-- settlement; 'low' the same without a mark, or beside a district that the oblast does not have; NULL where no
-- settlement was found.
with written as materialized (
    select
        row_number() over () as id,
        address
    from (select distinct address from ${texts} where address is not null)
),

-- Several signs of one meaning become one word; a comma stays a word of its own.
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
                    regexp_replace(regexp_replace(text, '[,;]', ' , ', 'g'), '[^\pL\pN,]+', ' ', 'g'),
                    ' қ ', ' каласы ', 'g'
                ),
                'ёәғқңөұүһіьъ', 'еагкноуухи'
            ),
            ' +', ' ', 'g'
        )), ' ') as words
    from abbreviated
),

run as (
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
    where start.pos + length.n - 1 <= len(worded.words)
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

spotted as materialized (
    select
        run.id,
        run.pos,
        run.n,
        name.*,
        run.before in (
            'с', 'село', 'а', 'ауыл', 'аул', 'п', 'пос', 'поселок', 'г', 'гор', 'город', 'ст', 'станция', 'рзд', 'уч'
        )
        or run.after in ('а', 'ауыл', 'ауылы', 'село', 'каласы', 'кент', 'кенти', 'стансасы', 'ст') as is_marked,
        case
            when name.level = 'district'
                then run.after in ('район', 'ауданы', 'аудан', 'ауд')
                or (name.is_russian and (run.before in ('район', 'ауданы') or ends_with(run.key, 'ский')))
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
        -- «к.» is a street before a number, else a settlement (кент)
        and not (run.after = 'к' and regexp_matches(run.two_after, '^[0-9]'))
        and run.before not in (
            'ул', 'улица', 'пр', 'проспект', 'пер', 'переулок', 'мкр', 'микрорайон', 'мкрн', 'ш', 'шоссе', 'округ'
        )
        and not (
            run.two_before in ('ул', 'улица', 'пр', 'проспект', 'пер', 'переулок', 'мкр', 'микрорайон', 'мкрн')
            and regexp_full_match(run.before, '\pL{2,}')
        ) as is_place
    from run
    inner join name on run.key = name.key
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

-- Settlements that agree with the named district and okrug, and whose words are not part of a longer name or of a
-- scope.
candidate as (
    select spotted.*
    from spotted
    left join district_found on spotted.id = district_found.id
    left join okrug_found on spotted.id = okrug_found.id
    where
        spotted.is_place
        and (spotted.is_marked or spotted.is_main_settlement)
        and coalesce(district_found.district_kato, spotted.district_kato) = spotted.district_kato
        and (okrug_found.id is null or list_contains(okrug_found.okrugs, spotted.okrug_kato))
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
    qualify dense_rank() over (partition by id order by is_marked desc, n desc, pos) = 1
),

settlement_found as materialized (
    select
        id,
        count(distinct kato) as settlements,
        min(kato) as settlement_kato,
        count(distinct coalesce(okrug_kato, '')) as okrugs,
        min(okrug_kato) as okrug_kato,
        count(distinct district_kato) as districts,
        min(district_kato) as district_kato,
        bool_or(is_marked) as is_marked
    from best
    where is_main_settlement::integer = has_main
    group by id
),

answer as materialized (
    select
        written.address,
        case when place.settlements = 1 then place.settlement_kato end as settlement_kato,
        coalesce(
            case when place.okrugs = 1 then place.okrug_kato end,
            case when len(okrug.okrugs) = 1 then okrug.okrugs[1] end
        ) as okrug_kato,
        coalesce(
            district.district_kato,
            case when place.districts = 1 then place.district_kato end,
            case when okrug.districts = 1 then okrug.district_kato end
        ) as district_kato,
        district.id is not null or okrug.id is not null as has_scope,
        -- a district that this oblast does not have: abolished, or the address is elsewhere
        place.is_marked and not list_has_any(worded.words, ['район', 'ауданы']) as is_sure
    from written
    inner join worded on written.id = worded.id
    left join district_found as district on written.id = district.id
    left join okrug_found as okrug on written.id = okrug.id
    left join settlement_found as place on written.id = place.id
)

select
    text._key,
    answer.settlement_kato,
    answer.okrug_kato,
    answer.district_kato,
    case
        when answer.district_kato is null then 'unresolved'
        when answer.settlement_kato is not null and answer.has_scope then 'district+settlement'
        when answer.settlement_kato is not null then 'settlement'
        when answer.okrug_kato is not null then 'okrug'
        else 'district_only'
    end as step,
    case
        when answer.settlement_kato is null then null
        when answer.has_scope then 'high'
        when answer.is_sure then 'medium'
        else 'low'
    end as confidence
from ${texts} as text
left join answer on text.address = answer.address
