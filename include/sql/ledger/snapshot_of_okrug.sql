-- Grain: indicator of one okrug in a revision, in the order of the catalogue that it was published with.
-- Inputs: ledger.revision_state, catalogue, serving.snapshot_value, indicator, theme, territory.
-- The current revision of the newest period unless they are given. Parameters: kato, period, revision, language (kk, ru
-- or en).
with chosen as (
    select
        r.period,
        r.revision,
        r.edition,
        c.content
    from ledger.revision_state as r
    left join ledger.catalogue as c on r.catalogue_sha256 = c.sha256
    where
        r.period = coalesce(:period, (select max(n.period) from serving.current_snapshot as n))
        and case when :revision is null then r.is_current else r.revision = :revision end
),

-- Of a revision that an older program has published, only today's catalogue is known.
indicator as (
    select i.*
    from chosen as c
    cross join jsonb_populate_recordset(null::serving.indicator, c.content -> 'indicator') as i
    union all
    select i.*
    from chosen as c
    cross join serving.indicator as i
    where c.content is null
),

theme as (
    select t.*
    from chosen as c
    cross join jsonb_populate_recordset(null::serving.theme, c.content -> 'theme') as t
    union all
    select t.*
    from chosen as c
    cross join serving.theme as t
    where c.content is null
)

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
    v.rows_near,
    v.rows_elsewhere,
    i.registries,
    to_jsonb(i) ->> ('responsible_' || :language) as responsible
from chosen as f
inner join serving.snapshot_value as v on f.period = v.period and f.revision = v.revision
inner join indicator as i on v.indicator_id = i.indicator_id
inner join theme as h on i.theme = h.theme
inner join serving.territory as t on v.kato = t.kato and f.edition = t.edition
where v.kato = :kato and v.level = 'okrug'
order by h.position, i.position
