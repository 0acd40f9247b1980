-- grain: one row, the okrugs of each subject that the principal may read
select
    access.allowed(access.readers_of('snapshot')) as snapshot,
    access.allowed(access.readers_of('ambulance')) as ambulance,
    access.allowed(access.readers_of('veterinary')) as veterinary;
