-- Grain: dump that the akimat reports as removed and a later picture still shows. Key: site_id.
-- Inputs: placed_waste_sites. A site that names no picture is paired by place, within some hundred metres.
with akimat as (
    select * from placed_waste_sites
    where source = 'akimat' and kind = 'dump'
),

space as (
    select * from placed_waste_sites
    where source = 'space' and kind = 'dump'
),

pair as (
    select
        a.site_id as akimat_id,
        s.site_id as space_id
    from akimat as a
    inner join space as s on a.space_id = s.site_id
    union
    select
        a.site_id as akimat_id,
        s.site_id as space_id
    from akimat as a
    inner join space as s
        on a.space_id is null
        and abs(a.lat - s.lat) < 0.001 and abs(a.lon - s.lon) < 0.0015
)

select
    'site' as subject_kind,
    a.site_id as subject_key,
    any_value(a.okrug_kato) as okrug_kato,
    first(s._file order by s.site_id) as left_file,
    first(s._record order by s.site_id) as left_record,
    first(s.status order by s.site_id) as left_value,
    max(s.checked_on) as left_date,
    any_value(a._file) as right_file,
    any_value(a._record) as right_record,
    any_value(a.status) as right_value,
    any_value(coalesce(a.removed_on, a.checked_on)) as right_date,
    null as people,
    null as tenge,
    max(s.area_ha) as affected
from pair as p
inner join akimat as a on p.akimat_id = a.site_id
inner join space as s on p.space_id = s.site_id
where
    a.status = 'removed' and s.status = 'open'
    -- without a day of removal the report is of no day
    and s.checked_on > coalesce(a.removed_on, date '1900-01-01')
group by a.site_id
