-- Grain: place. Key: area_kato, level. Inputs: budget_line. One measure per line: lineage reads its filter.
-- The export repeats totals at each level, so every measure names its lines.
select
    ${area},
    sum(executed_thousand_kzt) filter (where line = 'income') as income_executed_thousand_kzt,
    sum(plan_period_thousand_kzt) filter (where line = 'income') as income_plan_period_thousand_kzt,
    sum(own_income_thousand_kzt) filter (where own_income_thousand_kzt is not null) as own_income_executed_thousand_kzt,
    sum(executed_thousand_kzt) filter (where line = 'tax') as tax_income_executed_thousand_kzt,
    sum(executed_thousand_kzt) filter (where line = 'spending') as spending_executed_thousand_kzt,
    sum(executed_thousand_kzt * 1000) filter (where line = 'spending') as spending_executed_kzt,
    sum(plan_period_thousand_kzt) filter (where line = 'spending') as spending_plan_period_thousand_kzt
from budget_line
group by ${levels}
