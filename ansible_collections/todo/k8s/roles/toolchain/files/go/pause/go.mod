module todo.k8s/tools/pause

go 1.26.0
