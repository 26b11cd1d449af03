/* The bytes of the default model; LOCI_EMBEDDED_MODEL is its path, set in layer.cmake. */
    .section .rodata
    .balign 64
    .globl loci_embedded_model_begin
    .globl loci_embedded_model_end
loci_embedded_model_begin:
    .incbin LOCI_EMBEDDED_MODEL
loci_embedded_model_end:
    .byte 0
    .section .note.GNU-stack, "", @progbits
