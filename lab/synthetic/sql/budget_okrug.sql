-- grain: okrug and line of its budget; key: key
-- Amounts are whole tenge until they are written, so that totals are exact sums.
-- inputs: person, place, the variables m, seed
create or replace view budget_okrug_clean as
with line as (
    select *
    from (
        values
        (1, '/1/', '1.0', 'I. ДОХОДЫ', 0, null, null),
        (6, '/1/6/', '', 'НАЛОГОВЫЕ ПОСТУПЛЕНИЯ', 1, null, null),
        (7, '/1/6/7/', '1.0', 'Налоговые поступления', 2, null, null),
        (8, '/1/6/7/8/', '1.0', 'Подоходный налог', 3, null, null),
        (10, '/1/6/7/8/10/', '2.0', 'Индивидуальный подоходный налог', 4, 'tax', 0.38),
        (13, '/1/6/7/13/', '4.0', 'Hалоги на собственность', 3, null, null),
        (14, '/1/6/7/13/14/', '1.0', 'Hалоги на имущество', 4, 'tax', 0.06),
        (15, '/1/6/7/13/15/', '3.0', 'Земельный налог', 4, 'tax', 0.08),
        (16, '/1/6/7/13/16/', '4.0', 'Hалог на транспортные средства', 4, 'tax', 0.4),
        (17, '/1/6/7/13/17/', '5.0', 'Единый земельный налог', 4, 'tax', 0.05),
        (18, '/1/6/7/18/', '5.0', 'Внутренние налоги на товары, работы и услуги', 3, null, null),
        (20, '/1/6/7/18/20/', '3.0', 'Поступления за использование природных и других ресурсов', 4, 'tax', 0.03),
        (26, '/1/26/', '', 'НЕНАЛОГОВЫЕ ПОСТУПЛЕНИЯ', 1, null, null),
        (27, '/1/26/27/', '2.0', 'Неналоговые поступления', 2, null, null),
        (38, '/1/26/27/38/', '6.0', 'Прочие неналоговые поступления', 3, 'other', 0.02),
        (40, '/1/40/', '', 'ПОСТУПЛЕНИЯ ОТ ПРОДАЖИ ОСНОВНОГО КАПИТАЛА', 1, null, null),
        (41, '/1/40/41/', '3.0', 'Поступления от продажи основного капитала', 2, null, null),
        (44, '/1/40/41/44/', '3.0', 'Продажа земли и нематериальных активов', 3, 'other', 0.03),
        (46, '/1/46/', '', 'ПОСТУПЛЕНИЯ ТРАНСФЕРТОВ', 1, null, null),
        (47, '/1/46/47/', '4.0', 'Поступления трансфертов', 2, null, null),
        (
            48, '/1/46/47/48/', '2.0', 'Трансферты из вышестоящих органов государственного управления', 3, null, null
        ),
        (
            49, '/1/46/47/48/49/', '3.0', 'Трансферты из районного (города областного значения) бюджета',
            4, 'transfer', 1.0
        ),
        (50, '/50/', '2.0', 'II. ЗАТРАТЫ', 0, null, null),
        (55, '/50/55/', '1.0', 'Государственные услуги общего характера', 1, null, null),
        (
            56, '/50/55/56/', '1.0',
            'Представительные, исполнительные и другие органы, выполняющие общие функции государственного управления',
            2, null, null
        ),
        (62, '/50/55/56/62/', '124.0', 'Аппарат акима', 3, 'spend', 0.62),
        (70, '/50/70/', '7.0', 'Жилищно-коммунальное хозяйство', 1, null, null),
        (71, '/50/70/71/', '3.0', 'Благоустройство населенных пунктов', 2, null, null),
        (72, '/50/70/71/72/', '124.0', 'Аппарат акима', 3, 'spend', 0.22),
        (80, '/50/80/', '12.0', 'Транспорт и коммуникации', 1, null, null),
        (81, '/50/80/81/', '1.0', 'Автомобильный транспорт', 2, null, null),
        (82, '/50/80/81/82/', '124.0', 'Аппарат акима', 3, 'spend', 0.16)
    ) as t (id, path, code, name, level, kind, share)
),

okrug as (
    select
        h.okrug_kato,
        h.okrug_kato::bigint as okrug_key,
        count(p.i) filter (where not p.is_dead) as residents
    from place as h
    left join person as p on h.place_id = p.place_id
    where h.is_rural
    group by all
),

-- In thousand tenge. By published decisions a small okrug has about 9,400 of taxes and 39,400 of transfers.
sized as (
    select
        *,
        floor((4000 + 6.0 * residents) * (0.7 + 0.7 * u(okrug_year, 'taxes')))::bigint as taxes,
        floor((26000 + 16.0 * residents) * (0.8 + 0.4 * u(okrug_year, 'transfers')))::bigint as transfers
    from (select *, okrug_key * 16 + getvariable('m') // 12 % 16 as okrug_year from okrug)
),

leaf as (
    select
        o.okrug_key,
        l.path,
        floor(
            l.share * case l.kind
                when 'tax' then o.taxes
                when 'other' then o.taxes
                when 'transfer' then o.transfers
                else (o.taxes + o.transfers) * 1.01
            end * (0.9 + 0.2 * u(o.okrug_key * 100 + l.id, 'plan'))
        )::bigint as approved,
        case
            when l.kind in ('transfer', 'spend')
                then 1.0 + 0.12 * u(o.okrug_key * 100 + l.id, 'refined') * ((getvariable('m') % 12) / 11.0)
            else 1.0
        end as refining,
        case l.kind when 'transfer' then 1.0 when 'spend' then 0.9 + 0.095 * u(o.okrug_key * 100 + l.id, 'done')
            else 0.8 + 0.45 * u(o.okrug_key * 100 + l.id, 'done') end as doing
    from sized as o
    cross join line as l
    where l.kind is not null
),

leaf_amount as (
    select
        okrug_key,
        path,
        approved,
        floor(approved * refining)::bigint as refined,
        floor(floor(approved * refining) * (getvariable('m') % 12 + 1) / 12.0)::bigint as due,
        floor(
            floor(floor(approved * refining) * (getvariable('m') % 12 + 1) / 12.0) * doing * 1000
        )::bigint as executed_kzt
    from leaf
),

total as (
    select
        f.okrug_key,
        l.id,
        l.path,
        l.code,
        l.name,
        l.level,
        sum(f.approved)::bigint as approved,
        sum(f.refined)::bigint as refined,
        sum(f.due)::bigint as due,
        sum(f.executed_kzt)::bigint as executed_kzt,
        sum(f.executed_kzt // 50)::bigint as owed_kzt
    from line as l
    inner join leaf_amount as f on starts_with(f.path, l.path)
    group by all
),

budget_line as (
    select
        t.*,
        t.id >= 50 as is_spending,
        string_split(t.path, '/') as steps
    from total as t
)

select
    t.okrug_key * 100 + t.id as key,
    t.okrug_key::varchar as kato,
    t.id::varchar as id,
    t.code,
    case
        when t.name = 'Аппарат акима' then 'Аппарат акима города районного значения, села, поселка, сельского округа'
        else t.name
    end as name,
    t.approved::double::varchar as utv,
    t.refined::double::varchar as utch,
    t.refined::double::varchar as plg,
    t.due::double::varchar as plgp,
    case when t.is_spending then t.due::double else 0.0 end::varchar as plgo,
    (t.executed_kzt / 1000.0)::double::varchar as sumrg,
    case when t.is_spending then (t.executed_kzt + t.owed_kzt) / 1000.0 else 0.0 end::double::varchar as obz,
    case when t.is_spending then t.owed_kzt / 1000.0 else 0.0 end::double::varchar as obzsumrg,
    case when t.due = 0 then 0.0 else t.executed_kzt / 10.0 / t.due end::double::varchar as plgpsumrg,
    case when t.refined = 0 then 0.0 else t.executed_kzt / 10.0 / t.refined end::double::varchar as plgsumrg,
    t.level::varchar as level,
    'False' as is_leaf,
    'True' as loaded,
    'False' as expanded,
    case when t.level = 0 then '' else coalesce(p.code, '') end as parent_code,
    case when t.level = 0 then '' else p.id::double::varchar end as parent_id,
    strftime(getvariable('first_day'), '%m.%Y') as month
from budget_line as t
left join line as p on p.id::varchar = t.steps[len(t.steps) - 2];
