-- Grain: row of ${core}, a core table of a revision, with the place where it lies in other boundaries. Key: as ${core}.
-- Inputs: ${core}, move (move.sql).
-- The settlement decides. A row known only by its okrug, or by a settlement whose history is unknown, moves with the
-- okrug where the okrug moved as a whole. is_known: the place is known, even if it is outside any okrug; okrugs: those
-- that the row may belong to.
select
    row_of.*,
    settlement.settlement_kato as settlement_to,
    case
        when settlement.is_known then settlement.okrug_kato
        when okrug.is_known then okrug.okrug_kato
    end as okrug_to,
    coalesce(settlement.district_kato, okrug.district_kato, district.district_kato) as district_to,
    coalesce(settlement.is_known, false) or coalesce(okrug.is_known, false) as is_known,
    case when len(settlement.okrugs) > 0 then settlement.okrugs else coalesce(okrug.okrugs, []) end as okrugs
from ${core} as row_of
-- a row whose settlement lies in another okrug than its own was placed by its okrug
left join move as settlement
    on
        row_of.settlement_kato = settlement.kato
        and row_of.okrug_kato is not distinct from settlement.okrug_from
left join move as okrug on row_of.okrug_kato = okrug.kato
left join move as district on row_of.district_kato = district.kato
