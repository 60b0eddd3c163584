-- AlterEnum
ALTER TYPE "log_level" ADD VALUE 'DEBUG' BEFORE 'INFO';
