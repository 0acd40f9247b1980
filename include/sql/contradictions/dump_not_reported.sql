-- Grain: dump seen from space that no akimat reports. Key: site_id.
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
    s.site_id as subject_key,
    s.okrug_kato,
    s._file as left_file,
    s._record as left_record,
    s.status as left_value,
    s.checked_on as left_date,
    null as right_file,
    null as right_record,
    null as right_value,
    null as right_date,
    null as people,
    null as tenge,
    s.area_ha as affected
from space as s
anti join pair as p on s.site_id = p.space_id
where s.status = 'open'
