-- Grain: household and species whose heads differ by more than a tenth. Key: household_account, species.
-- Inputs: stage_livestock, placed_household_book.
-- Animals of a farm stand under its own number and in no household's book.
with stated as (
    unpivot (
        select
            household_account, head_key, okrug_kato, cattle, small_ruminants, horses, camels, visited_on, _file, _record
        from placed_household_book
    ) on cattle, small_ruminants, horses, camels into name species value heads
),

identified as (
    select
        owner_key,
        species,
        count(*) as heads,
        max(reported_on) as reported_on,
        first(_file order by _file, _record) as _file,
        first(_record order by _file, _record) as _record
    from stage_livestock
    group by owner_key, species
)

select
    'herd' as subject_kind,
    h.household_account || ' ' || h.species as subject_key,
    h.okrug_kato,
    a._file as left_file,
    a._record as left_record,
    coalesce(a.heads, 0)::varchar as left_value,
    a.reported_on as left_date,
    h._file as right_file,
    h._record as right_record,
    h.heads::varchar as right_value,
    h.visited_on as right_date,
    null as people,
    null as tenge,
    abs(h.heads - coalesce(a.heads, 0)) as affected
from stated as h
left join identified as a on h.head_key = a.owner_key and h.species = a.species
where
    h.head_key is not null
    and abs(h.heads - coalesce(a.heads, 0)) > 0.1 * greatest(h.heads, coalesce(a.heads, 0))
