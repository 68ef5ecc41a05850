// What is in the picture of memory that the executable begins with: the whole suite but the tool for people.
import './main.ts';
