-- Grain: code that a former edition had and the current edition does not have. Key: code. Answer: (code, today_kato,
-- parts).
-- Inputs: ${change} (change.sql) and ${kato} of the current edition.
-- A code of the current edition is never read as a former one, although it may have been another place's: 191000000 was
-- Талдыкорган and is Қонаев, and no extract says in which edition it was written.
-- today_kato is NULL where former editions have several successors, or none, or one that the current edition does not
-- have; parts are today's okrugs, districts or oblasts of a code that was divided, else NULL.
select
    former.code,
    case
        when
            count(distinct former.successor_kato) = 1
            and bool_and(former.successor_kato is not null and former.is_in_edition)
            then min(former.successor_kato)
    end as today_kato,
    case
        when bool_and(former.kind = 'split')
            then list(distinct former.successor_kato) filter (where former.is_in_edition)
    end as parts
from ${change} as former
anti join ${kato} as today on former.code = today.kato
group by former.code
