/* The program, as a part of the executable that is only read where it is used. */
  .section .rodata
  .balign 4096
  .global program_modules
program_modules:
  .incbin "program.bin"

/* Which program and engine a picture has to be of; see scripts/lib/compile.ts. */
  .global picture_id
picture_id:
  .incbin "picture.id"

/* The picture itself, see picture.c. */
  .section .picture,"aw"
  .balign 4096
  .global picture
picture:
  .incbin "picture.bin"
  .global picture_end
picture_end:

/* Which build this is, in the first page of every file of it. The zeros become its checksum; see scripts/lib/build-id.ts and build.c. */
  .section .note.cni-ts,"aR",%note
  .balign 4
  .global build_note
build_note:
  .long 7, 40, 1
  .asciz "cni-ts"
  .balign 4
  .ascii "0000000000000000000000000000000000000000"

  .section .note.GNU-stack,"",%progbits
