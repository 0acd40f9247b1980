-- grain: organisation or sole trader; key: key
-- The size code (КРП) is a range of employees: 105 up to 5, 110 to 10, 115 to 15, 120 to 20, 125 to 30,
-- 130 to 40, 135 to 50, 140 to 100.
-- inputs: organisation, person, place
create or replace view business_register_clean as
with activity as (
    select *
    from (
        values
        ('01191', 'Выращивание кормовых культур'), ('01411', 'Разведение молочного скота'),
        ('01450', 'Разведение овец и коз'), ('01430', 'Разведение лошадей'), ('01130', 'Выращивание овощей'),
        ('01500', 'Смешанное сельское хозяйство'), ('10511', 'Переработка молока'),
        ('10110', 'Переработка и консервирование мяса'), ('10610', 'Производство муки и круп'),
        ('46210', 'Оптовая торговля зерном и кормами'), ('47111', 'Розничная торговля продуктами'),
        ('47191', 'Прочая розничная торговля'), ('41201', 'Строительство жилых зданий'),
        ('49410', 'Грузовые перевозки'), ('49320', 'Услуги такси'), ('56101', 'Рестораны и кафе'),
        ('96021', 'Парикмахерские'), ('45201', 'Ремонт автомобилей'), ('95110', 'Ремонт компьютеров'),
        ('85310', 'Общее среднее образование'), ('86210', 'Общая врачебная практика'),
        ('86900', 'Прочая деятельность в здравоохранении'), ('84113', 'Местное управление'),
        ('75000', 'Ветеринарная деятельность'), ('93290', 'Прочий отдых и развлечения')
    ) as t (oked, name)
),

counted as (
    select
        o.*,
        h.okrug_kato,
        h.settlement_kato,
        h.settlement_ru,
        h.settlement_kk,
        case
            when o.kind in ('farm', 'sole_trader') then 105
            when o.kind = 'firm' then choice(o.org, 'size', [105, 105, 105, 105, 110, 110, 115, 120, 125, 140])
            when o.kind in ('school', 'clinic') then choice(o.org, 'size', [120, 125, 130, 135, 140])
            else choice(o.org, 'size', [105, 105, 110])
        end as size_code
    from organisation as o
    inner join place as h on o.place_id = h.place_id
)

select
    c.org as key,
    case when c.kind = 'sole_trader' then 2 else 1 end as part,
    case when c.kind = 'sole_trader' then 'ИП' else 'Юридические лица' end as h_sheet,
    c.number,
    c.name_ru as name,
    dmy(c.registered_on) as registered,
    case
        when u(c.org, 'oked form') < 0.3 then concat_ws('.', left(c.oked, 2), substr(c.oked, 3, 2), right(c.oked, 1))
        else c.oked
    end as oked,
    coalesce(a.name, '') as activity,
    c.size_code::varchar as size,
    case when u(c.org, 'kato of okrug') < 0.2 then c.okrug_kato else c.settlement_kato end as kato,
    case when u(c.org, 'place form') < 0.75 then c.settlement_ru else c.settlement_kk end as settlement,
    coalesce(upper(concat_ws(' ', p.surname, p.name, p.patronymic)), '') as head,
    case when c.closed_on is null then 'Действующий' else 'Ликвидирован' end as status,
    coalesce(dmy(c.closed_on), '') as closed,
    u(c.org, 'excel dates') < 0.4 as h_has_dates
from counted as c
left join activity as a on c.oked = a.oked
left join person as p on c.head_i = p.i;
