-- Grain: row of ${codes}. Key: _key. Answer: (_key, today_kato, kind, reason).
-- Inputs: ${codes} (_key, kato, edition, as_of), ${change}, ${kato} and quoted ${edition_name} of the current edition.
-- A code is read in the edition that it names; without one, in what it meant on the day as_of. A code that the current
-- edition does not have can only be a former one. Where two former editions contradict each other about one code and
-- day, neither counts.
-- today_kato is NULL where there is no answer, and reason says why: 'abolished', 'split' (several places today),
-- 'successor not in edition', 'unknown code', 'unknown edition', 'several meanings' (the code has been used again, and
-- neither an edition nor a deciding day was given).
with asked as materialized (
    select
        codes._key,
        clean_code(codes.kato) as code,
        codes.edition,
        codes.as_of,
        codes.edition = ${edition_name} as is_today,
        codes.edition in (select c.edition_from from ${change} as c) as is_former,
        today.kato as same_kato
    from ${codes} as codes
    left join ${kato} as today on clean_code(codes.kato) = today.kato
),

-- What the code means in former editions; for a day, only meanings that were still valid on it.
meaning as (
    select
        read._key,
        count(*) as changes,
        count(*) filter (is_meant) as meant,
        count(distinct successor_kato) filter (is_meant) as successors,
        min(successor_kato) filter (is_meant) as successor_kato,
        bool_and(is_in_edition) filter (is_meant) as is_in_edition,
        arg_min(kind, kind) filter (is_meant) as kind,
        bool_or(is_meant and successor_kato is null) as is_abolished,
        -- another place has the code today, or the day of the change is not known
        bool_or(successor_kato is distinct from read.code and (read.as_of is null or changed_on is null))
            as is_open
    from asked as read
    inner join (
        select
            r._key,
            c.*,
            coalesce(
                r.is_former or (r.edition is null and (r.same_kato is null or r.as_of < c.changed_on)), false
            ) as is_meant
        from asked as r
        inner join ${change} as c
            on
                r.code = c.code
                and (c.edition_from = r.edition or (r.edition is null and not coalesce(r.is_today, false)))
    ) as change on read._key = change._key
    group by read._key
)

select
    read._key,
    case
        when read.is_today then read.same_kato
        when meaning.meant > 0
            then case
                when meaning.successors = 1 and not meaning.is_abolished and meaning.is_in_edition
                    then meaning.successor_kato
            end
        when read.edition is not null or (meaning.is_open and not coalesce(later.changed, false)) then null
        else read.same_kato
    end as today_kato,
    case when meaning.meant > 0 then meaning.kind when read.same_kato is not null then 'same' end as kind,
    case
        when read.is_today and read.same_kato is null then 'unknown code'
        when read.is_today then null
        when read.edition is not null and not read.is_former then 'unknown edition'
        when meaning.meant > 0 and meaning.is_abolished then 'abolished'
        when meaning.meant > 0 and meaning.successors > 1 then if(meaning.kind = 'split', 'split', 'several meanings')
        when meaning.meant > 0 and not meaning.is_in_edition then 'successor not in edition'
        when meaning.meant > 0 then null
        when read.edition is not null then 'unknown code'
        when meaning.is_open and not coalesce(later.changed, false) then 'several meanings'
        when read.same_kato is null then 'unknown code'
    end as reason
from asked as read
left join meaning on read._key = meaning._key
left join (
    -- a day after all changes of the code that are known by their day
    select
        r._key,
        bool_and(r.as_of >= c.changed_on) as changed
    from asked as r
    inner join ${change} as c
        on r.code = c.code and c.changed_on is not null and c.successor_kato is distinct from c.code
    group by r._key
) as later on read._key = later._key
