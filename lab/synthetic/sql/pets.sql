-- grain: registered pet; key: key (also chip)
-- inputs: pet, place, the variable as_of
create or replace view pets_clean as
select
    p.key,
    p.chip,
    case p.species
        when 'dog' then case when u(p.hh, 'kazakh words') < 0.25 then 'Ит' else 'Собака' end
        else case when u(p.hh, 'kazakh words') < 0.25 then 'Мысық' else 'Кошка' end
    end as species,
    case
        when p.species = 'cat' then choice(p.key, 'breed', ['беспородная', 'сиамская', 'британская', 'метис'])
        else choice(p.key, 'breed', [
            'беспородная', 'тазы', 'тобет', 'алабай', 'немецкая овчарка', 'метис', 'среднеазиатская овчарка'
        ])
    end as breed,
    choice(p.key, 'pet name', [
        'Ақтөс', 'Бөрі', 'Құмай', 'Алабас', 'Барс', 'Рекс', 'Мухтар', 'Шарик', 'Мурка', 'Пушок', 'Барсик', 'Қанат',
        'Найда', 'Жолбарыс', 'Лаки', 'Сырғақ'
    ]) as pet_name,
    case when p.is_male then 'самец' else 'самка' end as sex,
    dmy(p.born) as birth_date,
    p.iin as owner,
    case when u(p.hh, 'has phone') < 0.8 then '+7' || choice(p.hh, 'operator', [
        '701', '702', '705', '707', '747', '775', '777', '778'
    ]) || pad(roll(p.hh, 'phone', 10000000), 7) else '' end as phone,
    -- contains a comma, so the field must be quoted
    'ул. ' || title(street(d.dwelling)) || ', ' || building(d.dwelling) as address,
    h.settlement_kato as kato,
    case when u(p.hh, 'place form') < 0.7 then 'с.' || h.settlement_ru else h.settlement_kk end as settlement,
    dmy(p.registered_on) as registered,
    coalesce(dmy(p.vaccinated_on), '') as vaccinated,
    case when p.is_sterilised then 'да' else 'нет' end as sterilised,
    case p.status when 'alive' then 'жив' when 'lost' then 'утерян' else 'пал' end as status,
    coalesce(dmy(p.status_on), '') as status_on,
    dmy(getvariable('as_of')) as report_date
from pet as p
inner join place as h on p.place_id = h.place_id
inner join household as d on p.hh = d.hh;
