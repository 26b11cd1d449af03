/* The parts of the page; layer.cmake gives the assembler this folder and says what the object depends on. */
    .section .rodata
    .globl loci_page_html_begin, loci_page_html_end
    .globl loci_page_style_begin, loci_page_style_end
    .globl loci_page_script_begin, loci_page_script_end
loci_page_html_begin:
    .incbin "index.html"
loci_page_html_end:
loci_page_style_begin:
    .incbin "style.css"
loci_page_style_end:
loci_page_script_begin:
    .incbin "dom.js"
    .incbin "markdown.js"
    .incbin "store.js"
    .incbin "settings.js"
    .incbin "api.js"
    .incbin "messages.js"
    .incbin "keyboard.js"
    .incbin "main.js"
loci_page_script_end:
    .byte 0
    .section .note.GNU-stack, "", @progbits
