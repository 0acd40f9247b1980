-- Grain: indicator of one okrug in the current revision, in the order of the catalogue.
-- Inputs: serving.current_snapshot, snapshot_value, indicator, theme, territory.
-- The newest period unless one is given. Parameters: kato, period, language (kk, ru or en).
select
    v.period,
    v.revision,
    coalesce(to_jsonb(t) ->> ('name_' || :language), t.name_ru) as okrug_name,
    i.indicator_id,
    i.theme,
    to_jsonb(i) ->> ('name_' || :language) as name,
    v.value,
    v.numerator,
    v.denominator,
    i.unit,
    to_jsonb(i) ->> ('unit_' || :language) as unit_name,
    i.decimals,
    v.flag,
    v.coverage_pct,
    v.as_of,
    i.registries,
    to_jsonb(i) ->> ('responsible_' || :language) as responsible
from serving.current_snapshot as f
inner join serving.snapshot_value as v on f.period = v.period and f.revision = v.revision
inner join serving.indicator as i on v.indicator_id = i.indicator_id
inner join serving.theme as h on i.theme = h.theme
inner join serving.territory as t on v.kato = t.kato and f.edition = t.edition
where
    v.kato = :kato
    and f.period = coalesce(:period, (select max(n.period) from serving.current_snapshot as n))
order by h.position, i.position
