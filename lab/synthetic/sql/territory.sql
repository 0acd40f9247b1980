-- grain: place of an edition; key: key (also kato, kato_version)
-- Part 1 is the current classifier, part 2 the oblast in a previous edition: Қонаев as Капчагай under 1916, Талдыкорган
-- under the present code of Қонаев, Кеген within Райымбек, no Алатау yet, some okrugs and villages under old names, and
-- villages that were merged into a neighbour later. Dates of changes are assumptions.
-- inputs: kato
create or replace view territory_clean as
with of_oblast as (
    select
        *,
        dense_rank() over (partition by left(kato, 4) order by left(kato, 6)) as nth_okrug
    from kato
    where starts_with(kato, '19')
),

renamed as (
    select
        *,
        case
            when starts_with(kato, '1910') then '1916' || substr(kato, 5)
            when starts_with(kato, '1944') then '1958' || pad(79 + nth_okrug, 2) || right(kato, 3)
            else kato
        end as former_kato,
        choice(kato::bigint, 'former name', [
            'Октябрь', 'Калинин', 'Киров', 'Чапаев', 'Комсомол', 'Ленин', 'Фрунзе', 'Дзержинск', 'Энгельс', 'Жданов'
        ]) as former_name,
        level = 'settlement' and right(kato, 2) = '00' and u(kato::bigint, 'renamed') < 0.06 as was_village_renamed,
        level = 'sub_district' and regexp_matches(name_ru, 'с\. ?о') and u(kato::bigint, 'renamed') < 0.08
            as was_okrug_renamed
    from of_oblast
    where not starts_with(kato, '1918') and kato <> '194400000'
),

previous_edition as (
    select
        former_kato as kato,
        level,
        type_code,
        case
            when kato = '191000000' then 'Капчагай Г.А.'
            when kato = '191010000' then 'г.Капчагай'
            when was_village_renamed then 'с.' || former_name
            when was_okrug_renamed then former_name || 'ский с.о.'
            else name_ru
        end as name_ru,
        case
            when kato = '191000000' then 'Қапшағай Қ.Ә.'
            when kato = '191010000' then 'Қапшағай қ.'
            when was_village_renamed then former_name || ' а.'
            when was_okrug_renamed then former_name || ' а.о.'
            else name_kk
        end as name_kk,
        kato as became_kato,
        case
            when starts_with(kato, '1910') then date '2022-06-08'
            when starts_with(kato, '1944') then date '2018-04-09'
            when was_village_renamed or was_okrug_renamed
                then date '1993-01-01' + roll(kato::bigint, 'renamed on', 9800)::integer
        end as changed_on
    from renamed
    union all
    select * from (
        values
        ('191000000', 'district', '1', 'Талдыкорган Г.А.', 'Талдықорған Қ.Ә.', '331000000', date '2022-06-08'),
        ('191010000', 'sub_district', '1', 'г.Талдыкорган', 'Талдықорған қ.', '331010000', date '2022-06-08')
    )
    union all
    -- an abolished village has a code in the last hundred of its okrug
    select
        left(min(kato), 6) || '900',
        'settlement',
        '2',
        'с.' || choice(min(kato)::bigint, 'merged', ['Отар', 'Заречное', 'Жаңа жол', 'Бастау', 'Ферма', 'Қосқұдық']),
        choice(min(kato)::bigint, 'merged', ['Отар', 'Заречное', 'Жаңа жол', 'Бастау', 'Ферма', 'Қосқұдық']) || ' а.',
        min(kato),
        date '1996-01-01' + roll(min(kato)::bigint, 'merged on', 8000)::integer
    from of_oblast
    where level = 'settlement' and left(kato, 4) not in ('1910', '1918', '1944')
    group by left(kato, 6)
    having max(kato) < left(min(kato), 6) || '900' and u(min(kato)::bigint, 'is merged') < 0.15
),

every as (
    select
        1 as part,
        kato,
        kato_version,
        level,
        type_code,
        name_ru,
        name_kk,
        '' as became_kato,
        null::date as changed_on
    from kato
    union all by name
    select
        2 as part,
        'NK RK 11-2009' as kato_version,
        *
    from previous_edition
)

select
    e.kato::bigint * 2 + e.part - 1 as key,
    e.part,
    e.kato,
    e.kato_version,
    e.level,
    e.type_code,
    e.name_ru,
    e.name_kk,
    e.became_kato,
    coalesce(dmy(e.changed_on), '') as changed_on,
    case
        when e.changed_on is null then ''
        when e.changed_on = date '2022-06-08' then 'Указ от 03.05.2022 № 887'
        else 'Постановление от ' || dmy(e.changed_on - 30) || ' № ' || (1 + roll(e.kato::bigint, 'act', 400))::varchar
    end as act
from every as e;
