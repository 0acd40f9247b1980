-- grain: indicator of the catalogue, for one okrug and period, beside the period before
-- key: indicator_id
-- inputs: serving.indicator, serving.theme, serving.snapshot_current, serving.okrug_of_month
-- An okrug may have had another code in the edition of an earlier period.
select
    i.*,
    t.name_kk as theme_kk,
    t.name_ru as theme_ru,
    t.name_en as theme_en,
    v.value,
    v.numerator,
    v.denominator,
    coalesce(v.flag, 'missing') as flag,
    v.coverage_pct,
    v.as_of,
    v.rows_near,
    v.rows_elsewhere,
    before.value as value_before
from serving.indicator as i
inner join serving.theme as t on i.theme = t.theme
left join serving.okrug_of_month as now_
    on
        now_.kato = %(kato)s
        and now_.period = %(period)s
        and now_.edition = %(edition)s
left join serving.okrug_of_month as then_
    on now_.edition = then_.edition and now_.kato = then_.kato and then_.period = %(period_before)s
left join serving.snapshot_current as v
    on
        i.indicator_id = v.indicator_id
        and v.level = 'okrug'
        and now_.kato_then = v.kato
        and v.period = %(period)s
left join serving.snapshot_current as before
    on
        i.indicator_id = before.indicator_id
        and before.level = 'okrug'
        and then_.kato_then = before.kato
        and before.period = %(period_before)s
order by t.position, i.theme, i.position, i.indicator_id;
