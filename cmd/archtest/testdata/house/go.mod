module github.com/fedns/fedns

go 1.26
