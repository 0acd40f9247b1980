-- Grain: line of an okrug's budget that an indicator uses. Key: okrug_kato, line. Inputs: stage_budget_okrug, place.
-- The four kinds of income and the spending are recognised by level and name, as in the public export.
with named as (
    select
        b.*,
        case
            when b.line_level = 0 and regexp_matches(upper(b.line_name), 'ДОХОДЫ') then 'income'
            when b.line_level = 0 and regexp_matches(upper(b.line_name), 'ЗАТРАТЫ') then 'spending'
            when b.line_level = 1 and starts_with(upper(b.line_name), 'НАЛОГОВЫЕ') then 'tax'
            when b.line_level = 1 and starts_with(upper(b.line_name), 'НЕНАЛОГОВЫЕ') then 'non_tax'
            when b.line_level = 1 and regexp_matches(upper(b.line_name), 'ОСНОВНОГО КАПИТАЛА') then 'capital'
            when b.line_level = 1 and regexp_matches(upper(b.line_name), 'ТРАНСФЕРТ') then 'transfers'
        end as line
    from stage_budget_okrug as b
)

select
    n.line,
    n.plan_period_thousand_kzt,
    n.executed_thousand_kzt,
    l.okrug_kato,
    l.settlement_kato,
    l.district_kato,
    l.step,
    n._file,
    n._record
from named as n
left join place as l on claim_key(null, n.kato, null, null, null, null) = l._key
where n.line is not null
