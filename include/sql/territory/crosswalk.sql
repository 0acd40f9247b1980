-- Grain: district code of ГБД ФЛ. Key: code. Inputs: ${source} (code, name_ru, name_kk, changed_at, kato, all text),
-- ${kato}.
-- The dictionary keeps abolished districts, has several codes for one district and KATO codes of 2008 to 2024, writes
-- Kazakh letters in the slots of legacy fonts, and has wrong matches. district_kato is the district of this edition, or
-- the city of republican rank; NULL where it is unknown. found_by says how; refused says why the dictionary's KATO was
-- rejected:
--   region  the code's first four digits belong to another oblast, so the names only happen to be alike (1904365)
--   group   «РАЙОНЫ … ОБЛАСТИ», «ГОРОДА ОБЛАСТНОГО ПОДЧИНЕНИЯ …» are headings, not districts
--   reused  the code is another place today, and the name exists elsewhere (1907401 ТАЛДЫКОРГАН and 191010000 Қонаев)
with split (oblast, became) as (
    -- Divisions of oblasts: 2018 and 2022.
    values ('19', '33'), ('35', '62'), ('51', '61'), ('51', '79'), ('61', '79'), ('63', '10')
),

moved (region, oblast) as (
    -- Кокшетауская, Тургайская oblasts and the former Акмола were dissolved in 1997 and after; their codes stayed.
    values ('1902', '71'), ('1948', '11'), ('1955', '11')
),

renamed (oblast, former, today) as (
    -- Renamings that neither the dictionary nor a KATO file has. 2022: Капчагай became Қонаев.
    values ('19', 'капчагай', 'конаев')
),

source as (
    select
        clean_code(code) as code,
        substring(clean_code(code), 1, 4) as region,
        clean_text(name_ru) as name_ru,
        kazakh_letters(clean_text(name_kk)) as name_kk,
        read_date(changed_at) as changed_on,
        clean_code(kato) as kato,
        coalesce(regexp_matches(name_ru, '^\s*(?:РАЙОНЫ|Р-НЫ|ГОРОДА|ПОСЕЛКИ) '), false) as is_group
    from ${source}
),

majority as (
    select
        region,
        arg_max(oblast, (weight, -oblast::integer)) as oblast
    from (
        select
            region,
            substring(kato, 1, 2) as oblast,
            count(*) as weight
        from source
        where kato_is_wellformed(kato) and region <> '9999'
        group by all
    )
    group by region
),

allowed as (
    select
        region,
        oblast
    from majority
    union
    select
        majority.region,
        split.became
    from majority
    inner join split on majority.oblast = split.oblast
    union
    select
        majority.region,
        split.oblast
    from majority
    inner join split on majority.oblast = split.became
    union
    select
        region,
        oblast
    from moved
),

keyed as (
    select
        *,
        place_key(name_ru) as key_ru,
        place_key(name_kk) as key_kk
    from source
),

-- Districts and the cities that are one: what a code of ГБД ФЛ may mean.
district_name as (
    select distinct
        coalesce(district_kato, oblast_kato) as district_kato,
        substring(oblast_kato, 1, 2) as oblast,
        unnest([name_key_ru, name_key_kk]) as key
    from ${kato}
    where level = 'district' or (level in ('okrug', 'oblast') and kind = 'г.')
),

by_name as (
    select
        keyed.code,
        any_value(district_name.district_kato) as district_kato
    from keyed
    inner join allowed on keyed.region = allowed.region
    left join renamed on renamed.oblast = allowed.oblast and renamed.former in (keyed.key_ru, keyed.key_kk)
    inner join district_name
        on allowed.oblast = district_name.oblast and district_name.key in (keyed.key_ru, keyed.key_kk, renamed.today)
    where not keyed.is_group
    group by keyed.code
    having count(distinct district_name.district_kato) = 1
),

judged as (
    select
        keyed.*,
        place.kato is not null as is_in_edition,
        coalesce(place.district_kato, place.oblast_kato) as coded_district_kato,
        by_name.district_kato as named_district_kato,
        case
            when keyed.is_group then 'group'
            when
                kato_is_wellformed(keyed.kato) and keyed.region <> '9999' and not exists (
                    select 1 from allowed
                    where allowed.region = keyed.region and allowed.oblast = substring(keyed.kato, 1, 2)
                )
                then 'region'
            when
                place.kato is not null
                and by_name.district_kato <> coalesce(place.district_kato, place.oblast_kato)
                then 'reused'
        end as refused
    from keyed
    left join ${kato} as place on keyed.kato = place.kato
    left join by_name on keyed.code = by_name.code
),

-- An abolished district belongs to the district of the others with its former KATO code, if they all share one.
by_former_code as (
    select
        kato,
        any_value(named_district_kato) as district_kato
    from judged
    where not is_in_edition and refused is null
    group by kato
    having count(distinct named_district_kato) = 1
)

select
    judged.code,
    judged.name_ru,
    judged.name_kk,
    judged.changed_on,
    judged.kato,
    judged.is_in_edition,
    case
        when judged.refused is null and judged.is_in_edition then judged.coded_district_kato
        else coalesce(judged.named_district_kato, by_former_code.district_kato)
    end as district_kato,
    case
        when judged.refused is null and judged.is_in_edition then 'code'
        when judged.named_district_kato is not null then 'name'
        when by_former_code.district_kato is not null then 'former code'
    end as found_by,
    judged.refused,
    judged.key_ru as name_key_ru,
    judged.key_kk as name_key_kk
from judged
left join by_former_code
    on judged.kato = by_former_code.kato and judged.refused is null and not judged.is_in_edition
order by judged.code
