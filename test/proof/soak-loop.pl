#!/usr/bin/perl
# Takes one pod after another up and down through a whole chain, and prints what each took; see soak-loop.ts.
# Arguments: the folder of the plugins, the number of the first pod, how many, and after how many to take stock.
# stdin: a line for each plugin, its name, a tab, and its configuration without the last brace.
# stdout: a line for each pod, `cycle ADD-us DEL-us PEAK-KiB VERSION-us`, and between them `stock NAME=NUMBER …`.
# It is small itself, because what a process had before it became a plugin counts as the plugin's memory.
use strict;
use warnings;
use Time::HiRes qw(time);

$| = 1;
# VERSION may be answered before its configuration is read.
$SIG{PIPE} = 'IGNORE';
my ($folder, $first, $count, $every) = @ARGV;
my @chain = map { chomp; [split /\t/, $_, 2] } <STDIN>;
# wait4(2), which says how much memory a child had; Perl has no name for it.
my $WAIT4 = {x86_64 => 61, aarch64 => 260}->{`uname -m` =~ s/\s//r} // die "wait4 has no number here\n";
my $NETNS = '/run/netns/soak';
my $peak = 0;

stock();
for my $cycle ($first .. $first + $count - 1) {
  $peak = 0;
  run_tool(qw(ip netns add soak));
  my $result;
  my $started = time;
  $result = call('ADD', $cycle, $_, $result) for @chain;
  my $added = time;
  call('DEL', $cycle, $_, $result) for reverse @chain;
  my $removed = time;
  # Which takes as long as the machine has it just now, and nothing that grows here could change that.
  call('VERSION', $cycle, $chain[0]);
  my @times = map { 1e6 * $_ } $added - $started, $removed - $added, time - $removed;
  run_tool(qw(ip netns del soak));
  printf "%d %d %d %d %d\n", $cycle, @times[0, 1], $peak, $times[2];
  stock() if ($cycle - $first + 1) % $every == 0;
}

sub run_tool {
  system(@_) == 0 or die "@_ failed\n";
}

sub call {
  my ($verb, $cycle, $plugin, $previous) = @_;
  my ($type, $conf) = @$plugin;
  $conf .= ",\"prevResult\":$previous" if defined $previous;
  pipe(my $input, my $to) or die "pipe: $!\n";
  pipe(my $from, my $output) or die "pipe: $!\n";
  my $pid = fork // die "fork: $!\n";
  if ($pid == 0) {
    $SIG{PIPE} = 'DEFAULT';
    open(STDIN, '<&', $input);
    open(STDOUT, '>&', $output);
    %ENV = (
      PATH => $ENV{PATH}, CNI_COMMAND => $verb, CNI_CONTAINERID => "soak-$cycle", CNI_NETNS => $NETNS,
      CNI_IFNAME => 'eth0', CNI_PATH => $folder,
    );
    close $_ for $to, $from;
    exec "$folder/$type" or exit 127;
  }
  close $_ for $input, $output;
  print {$to} "$conf}";
  close $to;
  my $text = join '', <$from>;
  my ($status, $usage) = (pack('i', 0), "\0" x 144);
  syscall($WAIT4, $pid, $status, 0, $usage) == $pid or die "wait4: $!\n";
  die "$verb of $type in cycle $cycle: $text\n" if unpack('i', $status) != 0;
  # Behind two times of two numbers each.
  my $memory = unpack('x32 q', $usage);
  $peak = $memory if $memory > $peak;
  return $text;
}

# Everything that could grow, after a pod is gone.
sub stock {
  my %stock = (
    files => lines('find /run/cni-ts /var/lib/cni'),
    rules => lines('nft -s list ruleset; iptables-save; ip6tables-save'),
    links => lines('ip -o link'),
    routes => lines('ip route show table all'),
    flows => first_number('/proc/sys/net/netfilter/nf_conntrack_count'),
    slabKiB => first_number('/proc/meminfo', 'SUnreclaim'),
  );
  print join(' ', 'stock', map { "$_=$stock{$_}" } sort keys %stock), "\n";
}

sub lines {
  my ($command) = @_;
  return scalar(() = `($command) 2>/dev/null | grep -v '^#'` =~ /\n/g);
}

sub first_number {
  my ($file, $key) = (@_, '');
  open(my $handle, '<', $file) or return 0;
  /^\Q$key\E\D*(\d+)/ and return $1 while <$handle>;
  return 0;
}
