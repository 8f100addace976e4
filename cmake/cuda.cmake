# tl::cuda.
set(tl_has_cuda FALSE)
