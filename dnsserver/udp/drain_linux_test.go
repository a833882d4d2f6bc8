package udp_test

const kernelCounts = true
