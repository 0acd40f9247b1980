-- Grain: line of an okrug's budget that an indicator uses. Key: okrug_kato, line. Inputs: stage_budget_okrug, place.
-- The four kinds of income and the spending are recognised by level and name, as in the public export.
-- A kind of which an okrug has two lines, or a second budget under the code of its village, is left out: nobody knows
-- which of them is right. Own income is known where the kinds that came make up the total.
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
),

placed as (
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
    qualify l.okrug_kato is null or count(*) over (partition by l.okrug_kato, n.line) = 1
)

select
    *,
    case
        -- The export rounds each line to a tenth.
        when abs(
            max(executed_thousand_kzt) filter (where line = 'income') over okrug
            - sum(executed_thousand_kzt) filter (where line in ('tax', 'non_tax', 'capital', 'transfers')) over okrug
        ) <= 0.5
            then case line when 'income' then executed_thousand_kzt when 'transfers' then -executed_thousand_kzt end
    end as own_income_thousand_kzt
from placed
window okrug as (partition by okrug_kato)
