-- Grain: item of a plan. Key: plan, item_number. Inputs: typed (road_map).
select
    case
        when regexp_matches(lower(plan), 'дорожн|жол карта') then 'road_map'
        when regexp_matches(lower(plan), 'план развития|даму жоспары') then 'village_plan'
    end as plan,
    item_number,
    kato,
    district_name,
    okrug_name,
    settlement_name,
    measure,
    responsible_body,
    deadline_on,
    case lower(status)
        when 'исполнено' then 'done' when 'орындалды' then 'done'
        when 'исполняется' then 'running' when 'орындалуда' then 'running'
        when 'просрочено' then 'overdue' when 'мерзімі өтті' then 'overdue'
        when 'не начато' then 'not_begun' when 'басталған жоқ' then 'not_begun'
    end as status,
    done_on,
    done_on__text,
    planned_thousand_kzt,
    spent_thousand_kzt,
    reported_on,
    strftime(reported_on, '%Y-%m') as month,
    ${row_origin}
from typed
