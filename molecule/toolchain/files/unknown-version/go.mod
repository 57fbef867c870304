module todo.k8s/tools/unknown-version

go 1.24

require golang.org/x/sync v0.99.9
