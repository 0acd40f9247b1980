-- Grain: line of a budget and month. Key: kato (null: the whole oblast), line_id, month. Inputs: typed (budget_*).
-- Totals repeat at each level: whoever sums must pick one level.
select
    kato,
    line_id,
    line_code,
    line_name,
    approved_thousand_kzt,
    refined_thousand_kzt,
    plan_period_thousand_kzt,
    executed_thousand_kzt,
    line_level,
    parent_id,
    parse_month(month) as month
from typed
