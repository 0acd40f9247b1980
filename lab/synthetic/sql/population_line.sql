-- grain: line of the answer of ГБД ФЛ, one person; order: that of the file
-- inputs: population_row; the lines of rows from ${first} up to, not including, ${after}
select concat(
    '<person><iin>', iin, '</iin><surname>', surname, '</surname><name>', name, '</name>',
    case
        when patronymic = '' then '<patronymic xsi:nil="true"/>'
        else concat('<patronymic>', patronymic, '</patronymic>')
    end,
    '<birthDate>', birth_date, '</birthDate>',
    case
        when death_date = '' then '<deathDate xsi:nil="true"/>'
        else concat('<deathDate>', death_date, '</deathDate>')
    end,
    '<gender><code>', sex,
    case
        when sex = '1' then '</code><nameRu>Мужской</nameRu><nameKz>Ер</nameKz>'
        else '</code><nameRu>Женский</nameRu><nameKz>Әйел</nameKz>'
    end,
    '<changeDate>2008-03-01T13:21:45</changeDate></gender><nationality><code>', nationality,
    '</code></nationality><citizenship><code>398</code></citizenship><lifeStatus><code>',
    case when death_date = '' then '0</code><nameRu>Нормальный' else '1</code><nameRu>Умерший' end,
    '</nameRu></lifeStatus><birthPlace><country><code>398</code></country></birthPlace>',
    '<regAddress><country><code>398</code></country><region><code>1907</code></region><district><code>', district_code,
    '</code></district><city>', xml_text(city), '</city><street>', street,
    '</street><building>', building, '</building>',
    case when flat = '' then '<flat/>' else concat('<flat>', flat, '</flat>') end,
    '<beginDate>', begin_date, '</beginDate>',
    case when rca = '' then '<arCode/>' else concat('<arCode>', rca, '</arCode>') end,
    '<status><code>1</code></status></regAddress><documents/><removed>false</removed></person>', chr(10)
) as line
from population_row
where rowid >= ${first} and rowid < ${after}
