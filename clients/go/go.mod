module passharness/passmock

go 1.19
