module todo.k8s/tools/runc-bounded

go 1.26.0
