-- Grain: line of a budget and month. Key: kato (null: the whole oblast), line_id, month. Inputs: typed (budget_*).
-- Totals repeat at each level: to sum, pick one level. Lines are identified by their names, in which a Latin letter
-- would hide the line.
select
    kato,
    line_id,
    line_code,
    homoglyphs_to_cyrillic(line_name) as line_name,
    approved_thousand_kzt,
    refined_thousand_kzt,
    plan_period_thousand_kzt,
    executed_thousand_kzt,
    line_level,
    parent_id,
    parse_month(month) as month,
    ${row_origin}
from typed
