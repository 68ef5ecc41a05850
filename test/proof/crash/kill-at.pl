#!/usr/bin/perl
# Runs a program and all that it starts, and kills all of them at once where one of them enters its N-th call that has an
# effect; see kill-at.ts. Killed at the entry, a call is not carried out.
#   kill-at.pl LOG N PROGRAM...    N 0: never; each such call is a line of LOG: "PROGRAM CALL WHAT"
use strict;
use warnings;
use FindBin;
BEGIN { require "$FindBin::Bin/../tracer.pl" }
our ($ON_ARM, $PTRACE);

# Of x86_64 and aarch64, 'name' => [number, number, index of the argument that is a file, 'fd' or 'path'].
my @CALLS = (
  [write => 1, 64, 0, 'fd'], [writev => 20, 66, 0, 'fd'], [pwrite64 => 18, 68, 0, 'fd'], [sendfile => 40, 71, 0, 'fd'],
  [copy_file_range => 326, 285, 2, 'fd'], [ftruncate => 77, 46, 0, 'fd'], [fsync => 74, 82, 0, 'fd'],
  [fdatasync => 75, 83, 0, 'fd'], [flock => 73, 32, 0, 'fd'], [fchmod => 91, 52, 0, 'fd'], [fchown => 93, 55, 0, 'fd'],
  [sendto => 44, 206, 0, 'fd'], [sendmsg => 46, 211, 0, 'fd'], [sendmmsg => 307, 269, 0, 'fd'], [ioctl => 16, 29, 0, 'fd'],
  [connect => 42, 203, 0, 'fd'], [bind => 49, 200, 0, 'fd'], [setns => 308, 268, 0, 'fd'],
  [rename => 82, -1, 0, 'path'], [renameat => 264, 38, 1, 'path'], [renameat2 => 316, 276, 1, 'path'],
  [unlink => 87, -1, 0, 'path'], [unlinkat => 263, 35, 1, 'path'], [rmdir => 84, -1, 0, 'path'],
  [mkdir => 83, -1, 0, 'path'], [mkdirat => 258, 34, 1, 'path'], [link => 86, -1, 1, 'path'], [linkat => 265, 37, 3, 'path'],
  [symlink => 88, -1, 1, 'path'], [symlinkat => 266, 36, 2, 'path'], [mknod => 133, -1, 0, 'path'],
  [mknodat => 259, 33, 1, 'path'], [truncate => 76, 45, 0, 'path'], [chmod => 90, -1, 0, 'path'],
  [fchmodat => 268, 53, 1, 'path'], [utimensat => 280, 88, 1, 'path'], [execve => 59, 221, 0, 'path'],
  [open => 2, -1, 0, 'path'], [openat => 257, 56, 1, 'path'], [creat => 85, -1, 0, 'path'],
  [mount => 165, 40, 1, 'path'], [umount2 => 166, 39, 0, 'path'], [unshare => 272, 97], [kill => 62, 129],
  [clone => 56, 220], [clone3 => 435, 435], [fork => 57, -1], [vfork => 58, -1],
);
# Where flags decide: an open that creates, a clone that is no thread.
use constant { CREATES => 0100 | 01000, IS_THREAD => 0x10000, PEEKDATA => 2, GET_SYSCALL_INFO => 0x420e };

my ($log_path, $wanted, @program) = @ARGV;
my %call = map { $_->[$ON_ARM ? 2 : 1] => $_ } grep { $_->[$ON_ARM ? 2 : 1] >= 0 } @CALLS;
open(my $log, '>', $log_path) or die "$log_path: $!\n";

my $first = fork() // die "fork: $!\n";
if ($first == 0) {
  be_traced(sort { $a <=> $b } keys %call);
  { no warnings; exec { $program[0] } @program }
  die "$program[0]: $!\n";
}

my %traced = ($first => 1);
my ($seen, $status, $killed_at) = (0, 0);
begin_with($first);
while (my ($pid, $how) = await()) {
  if (($how & 0xff) != 0x7f) {
    delete $traced{$pid};
    $status = $how if $pid == $first;
    next;
  }
  $traced{$pid} = 1;
  my ($signal, $event) = (($how >> 8) & 0xff, $how >> 16);
  # The program itself is not one that was started by it.
  if ($event == EVENT_SECCOMP && defined(my $what = effect_of($pid))) {
    $seen++;
    print {$log} "$what\n";
    if ($seen == $wanted) {
      kill 'KILL', keys %traced;
      $killed_at = $what;
      next;
    }
  }
  go_on($pid, $signal, $event);
}
close $log;
exit 137 if defined $killed_at || $status & 0x7f;
exit $status >> 8;

# What a call does in words; undef when it has no effect on anything outside.
sub effect_of {
  my ($pid) = @_;
  my $info = "\0" x 96;
  return undef if syscall($PTRACE, GET_SYSCALL_INFO, $pid, length $info, $info) < 0;
  my ($number, @args) = unpack('x24 Q7', $info);
  my $known = $call{$number} or return undef;
  my ($name, undef, undef, $index, $kind) = @$known;
  return undef if $name eq 'execve' && $pid == $first;
  return undef if $name eq 'open' && !($args[1] & CREATES);
  return undef if $name eq 'openat' && !($args[2] & CREATES);
  return undef if $name eq 'clone' && $args[0] & IS_THREAD;
  return undef if $name eq 'clone3' && word_at($pid, $args[0]) & IS_THREAD;
  my $what = '';
  $what = text_at($pid, $args[$index]) if ($kind // '') eq 'path';
  if (($kind // '') eq 'fd') {
    $what = readlink("/proc/$pid/fd/" . ($args[$index] & 0xffffffff)) // '';
    # One thread wakes another.
    return undef if $what =~ /eventfd/;
    $what =~ s/\d{4,}/N/g if $what =~ /^\w+:\[/;
    # Of these only what makes links of tun.
    return undef if $name eq 'ioctl' && $what !~ m{/tun$};
  }
  my $program = readlink("/proc/$pid/exe") // '';
  $program =~ s{.*/}{};
  return "$program $name $what";
}

sub word_at {
  my ($pid, $address) = @_;
  my $word = "\0" x 8;
  return syscall($PTRACE, PEEKDATA, $pid, $address, $word) < 0 ? 0 : unpack('Q', $word);
}

sub text_at {
  my ($pid, $address) = @_;
  my $text = '';
  while (length $text < 400) {
    my $word = "\0" x 8;
    last if syscall($PTRACE, PEEKDATA, $pid, $address + length $text, $word) < 0;
    $text .= $word;
    last if $word =~ /\0/;
  }
  $text =~ s/\0.*//s;
  $text =~ s/\s/ /g;
  return $text;
}
