/* The program, as a part of the executable that is only read where it is used. */
  .section .rodata
  .balign 4096
  .global program_modules
program_modules:
  .incbin "program.bin"
  .section .note.GNU-stack,"",%progbits
