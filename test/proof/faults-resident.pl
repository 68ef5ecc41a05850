#!/usr/bin/perl
# Stays on a host, runs programs there, makes a system call of one fail, and tells whether the network is as it was; see
# faults-resident.ts. A line in, a line out; lists and texts in hexadecimal behind a =, elements
# end with a NUL:
#   run SECONDS ARGV ENVIRONMENT STDIN [FAULT...]  ->  STATUS HITS SECONDS STDOUT STDERR
#   look PATH...                                   ->  a digest of this namespace and of those with these paths
# A fault is `CALL ORDINAL ERRNO`: the N-th such call of the program itself is not carried out and fails. With a number of
# bytes behind it, it seems to succeed instead, and what is received next on that socket is the kernel's refusal.
use strict;
use warnings;
use Errno;
use FindBin;
use Time::HiRes qw(time setitimer ITIMER_REAL);
BEGIN { require "$FindBin::Bin/tracer.pl" }
require "$FindBin::Bin/faults-digest.pl";

our ($ON_ARM, $PTRACE);
# Of x86_64 and aarch64.
my %NUMBERS = (
  sendto => [44, 206], sendmsg => [46, 211], recvfrom => [45, 207], recvmsg => [47, 212], setns => [308, 268],
  socket => [41, 198], open => [2], openat => [257, 56], read => [0, 63], getdents64 => [217, 61], write => [1, 64],
  ftruncate => [77, 46], fchmod => [91, 52], utimensat => [280, 88], fsync => [74, 82], fdatasync => [75, 83],
  flock => [73, 32], rename => [82], renameat => [264, 38], renameat2 => [316, 276], unlink => [87],
  unlinkat => [263, 35], rmdir => [84], mkdir => [83], mkdirat => [258, 34],
);
use constant { GETREGSET => 0x4204, SETREGSET => 0x4205, PRSTATUS => 1, ARM_SYSTEM_CALL => 0x404 };

$| = 1;
while (defined(my $line = <STDIN>)) {
  my ($verb, @words) = split ' ', $line;
  print $verb eq 'run' ? run(@words) : digest_of(map { plain($_) } @words), "\n";
}

sub plain { return pack 'H*', substr $_[0], 1 }

sub run {
  my ($seconds, $argv, $environment, $stdin, @fault) = @_;
  my @argv = split /\0/, plain($argv);
  my ($input, $output, $errors) = map { open(my $file, '+>', undef) or die "$!\n"; $file } 1 .. 3;
  syswrite $input, plain($stdin);
  sysseek $input, 0, 0;
  my $started = time;
  my $pid = fork // die "fork: $!\n";
  if ($pid == 0) {
    %ENV = map { split /=/, $_, 2 } split /\0/, plain($environment);
    open(STDIN, '<&', $input);
    open(STDOUT, '>&', $output);
    open(STDERR, '>&', $errors);
    chdir '/';
    be_traced(map { number_of($_) } $fault[0], 'recvfrom') if @fault;
    { no warnings; exec { $argv[0] } @argv }
    print STDERR "$argv[0]: $!\n";
    exit 127;
  }
  my $is_late = 0;
  local $SIG{ALRM} = sub { $is_late = 1; kill 'KILL', $pid };
  setitimer(ITIMER_REAL, $seconds);
  my ($status, $hits) = @fault ? follow($pid, @fault) : (end_of($pid), 0);
  setitimer(ITIMER_REAL, 0);
  my $exit = $status & 0x7f ? '-' : $status >> 8;
  my $note = $is_late ? "killed after $seconds s\n" : '';
  return join ' ', $exit, $hits, sprintf('%.4f', time - $started), map { '=' . unpack 'H*', $_ } text_of($output), text_of($errors) . $note;
}

sub text_of {
  my ($file) = @_;
  sysseek $file, 0, 0;
  local $/;
  return <$file> // '';
}

sub end_of {
  my ($pid) = @_;
  while (waitpid($pid, 0) != $pid) { die "waitpid: $!\n" unless $!{EINTR} }
  return $?;
}

# Lets a program run to its end and what it started with it, but for what is to fail.
sub follow {
  my ($first, $name, $ordinal, $errno, $bytes) = @_;
  my $number = number_of($name);
  my $error = Errno->can($errno)->();
  my ($seen, $hits, $status, $socket) = (0, 0, 0);
  begin_with($first);
  # Until nobody is left: one that was started and never let go of would stand still for ever.
  while (my ($pid, $how) = await()) {
    if (($how & 0xff) != 0x7f) {
      $status = $how if $pid == $first;
      next;
    }
    my ($signal, $event) = (($how >> 8) & 0xff, $how >> 16);
    if ($event == EVENT_SECCOMP && $pid == $first) {
      my @call = call_of($pid);
      if ($call[0] == $number && ++$seen == $ordinal) {
        $hits++;
        $socket = $call[1] if defined $bytes;
        instead($pid, $bytes // -$error);
      } elsif (defined $socket && $call[0] == number_of('recvfrom') && $call[1] == $socket) {
        $hits++;
        undef $socket;
        instead($pid, refuse($pid, $call[2], $error));
      }
    }
    go_on($pid, $signal, $event);
  }
  return ($status, $hits);
}

sub number_of { return $NUMBERS{$_[0]}[$ON_ARM] // die "$_[0] has no number here\n" }

# The registers of a program that is about to make a call; the vector has to outlive the call that it is given to.
sub registers {
  my ($request, $pid, $kind, $set) = @_;
  my $vector = pack('P Q', $_[3], length $_[3]);
  syscall($PTRACE, $request, $pid, $kind, $vector) == 0 or die "registers of $pid: $!\n";
}

sub call_of {
  my ($pid) = @_;
  registers(GETREGSET, $pid, PRSTATUS, my $set = "\0" x ($ON_ARM ? 272 : 216));
  my @all = unpack('Q*', $set);
  # x8 and x0, x1; orig_rax and rdi, rsi.
  return $ON_ARM ? @all[8, 0, 1] : @all[15, 14, 13];
}

# Has a call not be carried out and give this.
sub instead {
  my ($pid, $value) = @_;
  registers(GETREGSET, $pid, PRSTATUS, my $set = "\0" x ($ON_ARM ? 272 : 216));
  substr($set, $ON_ARM ? 0 : 80, 8) = pack('q', $value);
  substr($set, 120, 8) = pack('q', -1) unless $ON_ARM;
  registers(SETREGSET, $pid, PRSTATUS, $set);
  registers(SETREGSET, $pid, ARM_SYSTEM_CALL, my $none = pack('l', -1)) if $ON_ARM;
}

# Writes `struct nlmsghdr` with `struct nlmsgerr` to where an answer is awaited; gives its length.
sub refuse {
  my ($pid, $address, $error) = @_;
  my $message = pack('L S S L L l x16', 36, 2, 0, 0, 0, -$error);
  open(my $memory, '+<', "/proc/$pid/mem") or die "/proc/$pid/mem: $!\n";
  sysseek $memory, $address, 0;
  syswrite($memory, $message) == length $message or die "/proc/$pid/mem: $!\n";
  return length $message;
}
