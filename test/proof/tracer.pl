# What a program needs that stops others at their system calls; to be required in a BEGIN block, because of the constants.
use strict;
use warnings;

our $ON_ARM = `uname -m` =~ /aarch64/;
# Of x86_64 and aarch64.
our ($PRCTL, $PTRACE, $WAIT4) = $ON_ARM ? (167, 117, 260) : (157, 101, 61);
use constant { TRACEME => 0, CONT => 7, SETOPTIONS => 0x4200, WALL => 0x40000000 };
# EXITKILL, TRACESECCOMP, and whatever is started is traced as well: it has the same filter.
use constant { OPTIONS => 0x100000 | 0x80 | 2 | 4 | 8 | 0x10, EVENT_SECCOMP => 7, SIGSTOP => 19, SIGTRAP => 5 };

sub trace { return syscall($PTRACE, $_[0], $_[1], $_[2], $_[3]) }

# In a new process, before it becomes the program: the tracer is told of calls of these numbers, all others cost nothing.
sub be_traced {
  my @numbers = @_;
  trace(TRACEME, 0, 0, 0);
  kill 'STOP', $$;
  my $code = pack('S C C L', 0x20, 0, 0, 0);
  for my $index (0 .. $#numbers) {
    $code .= pack('S C C L', 0x15, @numbers - $index, 0, $numbers[$index]);
  }
  $code .= pack('S C C L', 0x06, 0, 0, 0x7fff0000) . pack('S C C L', 0x06, 0, 0, 0x7ff00000);
  my $filter = pack('S x6 P', length($code) / 8, $code);
  syscall($PRCTL, 22, 2, $filter, 0, 0) == 0 or die "seccomp: $!\n";
}

# In the tracer, once the new process has stopped itself.
sub begin_with {
  my ($first) = @_;
  await();
  trace(SETOPTIONS, $first, 0, OPTIONS);
  trace(CONT, $first, 0, 0);
}

# The next that ended or stopped, and how in full: perl's own waitpid keeps 16 bits of it.
sub await {
  my $how = pack('l', 0);
  for (;;) {
    my $pid = syscall($WAIT4, -1, $how, WALL, 0);
    return ($pid, unpack('l', $how)) if $pid > 0;
    return () unless $!{EINTR};
  }
}

# Lets one that has stopped go on. A stop is that of something new; a signal from elsewhere is passed on.
sub go_on {
  my ($pid, $signal, $event) = @_;
  trace(CONT, $pid, 0, $event != 0 || $signal == SIGSTOP || $signal == SIGTRAP ? 0 : $signal);
}

1;
